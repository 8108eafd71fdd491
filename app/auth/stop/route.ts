import { z } from "zod";
import { resumeMails, stopMails } from "@/lib/domain/mail-stop";
import { wantsJson } from "@/lib/web/accept";
import { answerWithJson, seeOther } from "@/lib/web/answer";
import { handlers } from "@/lib/web/handler";
import { readInput } from "@/lib/web/input";
import { onward } from "@/lib/web/operation";
import { unknownThing } from "@/lib/web/problem";

const fields = z.object({
  token: z.string().catch(""),
  act: z.enum(["stop", "resume"]).default("stop"),
});
const answer = z.object({ stopped_until: z.iso.datetime().nullable() });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "stopMails",
    summary:
      "The button of a mail's stop link: no more mails that unknown browsers ask for, for a day; or again as before",
    input: fields,
    answers: { 200: { description: "Until when they are stopped.", body: answer }, ...onward },
    problems: [422],
  },
  POST: async (request) => {
    const input = fields.safeParse(await readInput(request));
    if (!input.success) throw unknownThing("act", "It is either stop or resume.");
    const { token, act } = input.data;
    const view = act === "stop" ? await stopMails(token) : await resumeMails(token);
    if (!wantsJson(request.headers))
      return seeOther(`/stop-mails?${new URLSearchParams({ token })}`);
    if (!view) throw unknownThing("token", "This is not a link of ours, or it is too old.");
    return answerWithJson({ stopped_until: view.stoppedUntil });
  },
});
