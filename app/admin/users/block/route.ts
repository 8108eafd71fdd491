import { z } from "zod";
import { blockUser } from "@/lib/domain/administration";
import { userAct } from "@/lib/web/admin-act";
import { handlers } from "@/lib/web/handler";

const fields = z.object({ reason: z.string().catch("") });

/** Blocks the account `user`, for a `reason`. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  POST: userAct("admin", fields, (operator, user, { reason }) => blockUser(operator, user, reason)),
});
