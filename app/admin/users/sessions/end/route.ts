import { z } from "zod";
import { AdministrationRefused, endSessionsOf } from "@/lib/domain/administration";
import { userAct } from "@/lib/web/admin-act";
import { handlers } from "@/lib/web/handler";

const fields = z.object({ session: z.string().catch("") });

/** Ends one session of the account `user`, or all of them with `session=all`. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  POST: userAct("admin", fields, async (operator, user, { session }) => {
    const which = session === "all" ? session : { id: session };
    const count = await endSessionsOf(operator, user, which);
    if (count === 0) throw new AdministrationRefused("already");
  }),
});
