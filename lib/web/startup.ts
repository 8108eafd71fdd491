import { after } from "next/server";
import { onQueuedMail, startMailWorker } from "@/lib/domain/mail-worker";
import { startMailingWorker } from "@/lib/domain/mailing-worker";
import { requireMigratedDatabase } from "@/lib/domain/readiness";
import { grantToConfiguredAdmins } from "@/lib/domain/scopes";
import { startSweeper } from "@/lib/domain/sweep";
import { workOffMails } from "@/lib/domain/work-off";
import { isDatabaseFault } from "@/lib/platform/database/fault";
import { seconds } from "@/lib/platform/duration";
import { EnvironmentError, environment } from "@/lib/platform/environment";
import { log } from "@/lib/platform/log";
import { collectProcessMetrics } from "@/lib/platform/metrics";
import { joinMetricsOfAll } from "@/lib/platform/metrics-cluster";
import { requestContext } from "@/lib/platform/request-context";
import { serverActionKey } from "@/lib/platform/secrets";
import { startTracing } from "@/lib/platform/tracing";

/** Checks what the site stands on, and starts what runs beside the requests. Ends the process when it cannot serve. */
export async function prepareToServe(): Promise<void> {
  try {
    await startTracing();
    if (environment().metricsToken) {
      collectProcessMetrics();
      joinMetricsOfAll();
    }
    shareServerActionKey();
    if (environment().isOnVercel) return await prepareForRequests();
    await requireMigratedDatabase();
    await grantToConfiguredAdmins();
    startMailWorker();
    startMailingWorker();
    startSweeper();
  } catch (error) {
    const lines =
      error instanceof EnvironmentError
        ? error.faults
        : [String(error instanceof Error ? error.message : error)];
    for (const line of lines) console.error(line);
    process.exit(1);
  }
}

/** By itself Next makes a key at each build, and a form that one build has drawn would be refused by the next. */
function shareServerActionKey(): void {
  process.env.NEXT_SERVER_ACTIONS_ENCRYPTION_KEY ||= serverActionKey();
}

/**
 * Where a process is frozen between requests, nothing goes on by itself: mails go out after the answer to who queued them, and
 * `/cron` does the rest. The build has migrated the database, and one that is away is a 503 and no reason to end.
 */
async function prepareForRequests(): Promise<void> {
  onQueuedMail(() => after(() => workOffMails(afterAnswer)));
  await grantToConfiguredAdmins().catch((error) =>
    log().error({ err: error }, "the administrators of ADMIN_EMAILS wait for the next start"),
  );
}

/** As long as the first retries of a mail take, and no longer than any plan lets a function live. */
const afterAnswer = seconds(30);

/**
 * Logs what broke a page, and lets the server answer 503 when it was the database.
 * @param requestId by which `proxy.ts` knows it, where no server of ours stands in front
 */
export function reportPageFault(error: unknown, requestId: string | undefined): void {
  const context = requestContext();
  if (context && isDatabaseFault(error)) context.databaseFault = true;
  log().error({ err: error, ...(!context && { requestId }) }, "a page failed");
}
