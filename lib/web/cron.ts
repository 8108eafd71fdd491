import { workOffEverything } from "@/lib/domain/work-off";
import { seconds } from "@/lib/platform/duration";
import { environment } from "@/lib/platform/environment";
import { keyedHash, matchesKeyedHash } from "@/lib/platform/secrets";
import { Problem } from "./problem";

/** How long it begins something new: less than a minute, so that one a minute does not meet the next. */
const workingTime = seconds(50);

/**
 * Does what no worker does where none lives.
 * @throws {Problem} 404 without the secret: to others it is not there
 */
export async function answerCron(request: Request): Promise<Response> {
  if (request.method !== "GET" || !knowsSecret(request.headers))
    throw new Problem(404, "There is nothing here.");
  await workOffEverything(workingTime);
  return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
}

/** In the same time whatever is wrong (ASVS 11.2.4). */
function knowsSecret(headers: Headers): boolean {
  const { cronSecret } = environment();
  const expected = keyedHash("cron", `Bearer ${cronSecret}`);
  const isSame = matchesKeyedHash("cron", headers.get("authorization") ?? "", expected);
  return cronSecret !== undefined && isSame;
}
