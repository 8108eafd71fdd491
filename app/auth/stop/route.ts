import { z } from "zod";
import { resumeMails, stopMails } from "@/lib/domain/mail-stop";
import { wantsJson } from "@/lib/web/accept";
import { answerWithJson, seeOther } from "@/lib/web/answer";
import { handlers } from "@/lib/web/handler";
import { readInput } from "@/lib/web/input";
import { Problem, unknownThing } from "@/lib/web/problem";

const fields = z.object({
  token: z.string().catch(""),
  act: z.enum(["stop", "resume"]).nullable().default("stop").catch(null),
});

/** The button of a mail's stop link: no more mails that unknown browsers ask for, for a day; or again as before. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  POST: async (request) => {
    const { token, act } = fields.parse(await readInput(request));
    if (act === null) {
      const detail = "It is either stop or resume.";
      throw new Problem(422, detail, { errors: [{ field: "act", code: "unknown", detail }] });
    }
    const view = act === "stop" ? await stopMails(token) : await resumeMails(token);
    if (!wantsJson(request.headers))
      return seeOther(`/stop-mails?${new URLSearchParams({ token })}`);
    if (!view) throw unknownThing("token", "This is not a link of ours, or it is too old.");
    return answerWithJson({ stopped_until: view.stoppedUntil });
  },
});
