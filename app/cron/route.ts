import { answerCron } from "@/lib/web/cron";
import { handlers } from "@/lib/web/handler";

/** In seconds, for Vercel: a mail server that is slow to the last may take longer than what is begun. */
export const maxDuration = 120;

/**
 * What Vercel calls by the schedule of `vercel.json`, and it can only GET: the exception to "GET changes nothing". It is safe
 * because it needs a secret that no browser sends by itself, and does only what falls due in any case: mails that wait, mailings
 * that have begun, rows that are dead.
 */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "workOff",
    summary:
      "Sends the mails that wait and removes what is dead; with the bearer token of CRON_SECRET",
    answers: { 204: { description: "Done." } },
    problems: [404],
  },
  GET: answerCron,
});
