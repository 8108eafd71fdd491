import { z } from "zod";
import { revokeScope } from "@/lib/domain/administration";
import { userAct, userFields } from "@/lib/web/admin-act";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";

const fields = userFields.extend({ scope: z.string().catch("") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "revokeScope",
    summary: "Takes a `scope` away from the account `user`",
    input: fields,
    answers: done,
    problems: [404],
  },
  POST: userAct("super", fields, (operator, user, { scope }) => revokeScope(operator, user, scope)),
});
