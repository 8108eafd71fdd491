import { startMailWorker } from "@/lib/domain/mail-worker";
import { startMailingWorker } from "@/lib/domain/mailing-worker";
import { requireMigratedDatabase } from "@/lib/domain/readiness";
import { grantToConfiguredAdmins } from "@/lib/domain/scopes";
import { startSweeper } from "@/lib/domain/sweep";
import { isDatabaseFault } from "@/lib/platform/database/fault";
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

/** Logs what broke a page, and lets the server answer 503 when it was the database. */
export function reportPageFault(error: unknown): void {
  const context = requestContext();
  if (context && isDatabaseFault(error)) context.databaseFault = true;
  log().error({ err: error }, "a page failed");
}
