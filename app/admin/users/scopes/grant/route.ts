import { z } from "zod";
import { grantScope } from "@/lib/domain/administration";
import { userAct, userFields } from "@/lib/web/admin-act";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";

const fields = userFields.extend({ scope: z.string().trim().catch("") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "grantScope",
    summary: "Grants a `scope` to the account `user`",
    input: fields,
    answers: done,
    problems: [404, 422],
  },
  POST: userAct("super", fields, (operator, user, { scope }) => grantScope(operator, user, scope)),
});
