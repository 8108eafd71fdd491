import { z } from "zod";
import { revokeScope } from "@/lib/domain/administration";
import { userAct } from "@/lib/web/admin-act";
import { handlers } from "@/lib/web/handler";

const fields = z.object({ scope: z.string().catch("") });

/** Takes a `scope` away from the account `user`. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  POST: userAct("super", fields, (operator, user, { scope }) => revokeScope(operator, user, scope)),
});
