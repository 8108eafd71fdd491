import { workOffEverything } from "@/lib/domain/work-off";
import { seconds } from "@/lib/platform/duration";
import { bearsToken } from "./bearer-token";
import { Problem } from "./problem";

/** How long it begins something new: less than a minute, so that one a minute does not meet the next. */
const workingTime = seconds(50);

/**
 * Does what no worker does where none lives.
 * @throws {Problem} 404 without the secret: to others it is not there
 */
export async function answerCron(request: Request): Promise<Response> {
  const isAllowed = bearsToken("cronSecret", request.headers.get("authorization"));
  if (request.method !== "GET" || !isAllowed) throw new Problem(404, "There is nothing here.");
  await workOffEverything(workingTime);
  return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
}
