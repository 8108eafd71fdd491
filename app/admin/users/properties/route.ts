import { z } from "zod";
import { setProperties } from "@/lib/domain/administration";
import { longestProperties, PropertiesRefused } from "@/lib/domain/properties";
import { wantsPage } from "@/lib/web/accept";
import { adminAct, formPage, userFields } from "@/lib/web/admin-act";
import { answerDone, answerWithPage } from "@/lib/web/answer";
import { ownCookieHeader, readSessionCookie } from "@/lib/web/cookies";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";
import { Problem } from "@/lib/web/problem";
import { packText } from "@/lib/web/query";

const fields = userFields.extend({ properties: z.string().catch("") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "setProperties",
    summary: "Changes what the site keeps about the account `user`, as JSON",
    input: fields,
    answers: done,
    problems: [404, 422],
  },
  POST: adminAct(formPage, "admin", async (request, operator, input) => {
    const { user, properties } = fields.parse(input);
    try {
      await setProperties(operator, user, properties);
      return answerDone(request, `${formPage(input)}?done`);
    } catch (error) {
      if (!(error instanceof PropertiesRefused)) throw error;
      return await sendBack(request, formPage(input), properties, error.message);
    }
  }),
});

/** The page of the account with what was typed, which is too long for a redirect. */
async function sendBack(
  request: Request,
  page: string,
  typed: string,
  detail: string,
): Promise<Response> {
  if (!wantsPage(request.headers))
    throw new Problem(422, detail, { errors: [{ field: "properties", code: "shape", detail }] });
  // So much more than may be that the page says so.
  const properties = packText(typed.slice(0, longestProperties + 1));
  const query = new URLSearchParams({ problem: "properties", properties });
  const cookie = await ownCookieHeader({ session: await readSessionCookie() });
  return await answerWithPage(request, `${page}?${query}`, 422, {}, cookie);
}
