import { disableSecondFactor } from "@/lib/domain/administration";
import { userAct, userFields } from "@/lib/web/admin-act";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "disableSecondFactor",
    summary:
      "Takes the second factor of the account `user` away, whole, when its person has lost it",
    input: userFields,
    answers: done,
    problems: [404],
  },
  POST: userAct("admin", userFields, disableSecondFactor),
});
