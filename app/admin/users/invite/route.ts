import { resendInvitation } from "@/lib/domain/invitation";
import { userAct, userFields } from "@/lib/web/admin-act";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "resendInvitation",
    summary: "Sends the invitation of the account `user` again, which nobody has signed in to yet",
    input: userFields,
    answers: done,
    problems: [404, 429],
  },
  POST: userAct("admin", userFields, resendInvitation),
});
