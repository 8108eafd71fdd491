import { z } from "zod";
import { unblockUser } from "@/lib/domain/administration";
import { userAct } from "@/lib/web/admin-act";
import { handlers } from "@/lib/web/handler";

/** Opens the account `user` again. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  POST: userAct("admin", z.object({}), unblockUser),
});
