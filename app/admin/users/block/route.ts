import { z } from "zod";
import { blockUser } from "@/lib/domain/administration";
import { userAct, userFields } from "@/lib/web/admin-act";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";

const fields = userFields.extend({ reason: z.string().catch("") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "blockUser",
    summary: "Blocks the account `user`, for a `reason`",
    input: fields,
    answers: done,
    problems: [404, 422],
  },
  POST: userAct("admin", fields, (operator, user, { reason }) => blockUser(operator, user, reason)),
});
