import { z } from "zod";
import { grantScope } from "@/lib/domain/administration";
import { userAct } from "@/lib/web/admin-act";
import { handlers } from "@/lib/web/handler";

const fields = z.object({ scope: z.string().trim().catch("") });

/** Grants a `scope` to the account `user`. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  POST: userAct("super", fields, (operator, user, { scope }) => grantScope(operator, user, scope)),
});
