import { z } from "zod";
import { disableSecondFactor } from "@/lib/domain/administration";
import { userAct } from "@/lib/web/admin-act";
import { handlers } from "@/lib/web/handler";

/** Takes the second factor of the account `user` away, whole, when its person has lost it. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  POST: userAct("admin", z.object({}), disableSecondFactor),
});
