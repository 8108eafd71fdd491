import { z } from "zod";
import { AdministrationRefused, endSessionsOf } from "@/lib/domain/administration";
import { userAct, userFields } from "@/lib/web/admin-act";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";

const fields = userFields.extend({ session: z.string().catch("") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "endSessionsOf",
    summary: "Ends one session of the account `user`, or all of them with `session=all`",
    input: fields,
    answers: done,
    problems: [404],
  },
  POST: userAct("admin", fields, async (operator, user, { session }) => {
    const which = session === "all" ? session : { id: session };
    const count = await endSessionsOf(operator, user, which);
    if (count === 0) throw new AdministrationRefused("already");
  }),
});
