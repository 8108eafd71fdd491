import { Counter, collectDefaultMetrics, Histogram, Registry } from "prom-client";
import { processWide } from "./process-wide";

/** What a sign-in was proved with; for one with a second factor, what the first was proved with. */
export type SignInMetricWay = "link" | "code" | "link-and-code" | "number" | "passkey";

/**
 * What this process counts, for `/metrics`. The values of every label are closed lists: whatever clients send, there are no
 * more series than these. Seconds, as Prometheus wants them.
 */
export const metrics = processWide("metrics", () => {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    requests: new Histogram({
      name: "latchkey_http_request_duration_seconds",
      help: "Requests by method, route and class of the status, until the answer has been sent.",
      labelNames: ["method", "route", "status"] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    signIns: new Counter({
      name: "latchkey_sign_ins_total",
      help: "Sign-ins by way and by what came of them.",
      labelNames: ["way", "outcome"] as const,
      registers,
    }),
    signInMails: new Counter({
      name: "latchkey_sign_in_mails_total",
      help: "Sign-in mails that somebody asked for, by what came of it.",
      labelNames: ["outcome"] as const,
      registers,
    }),
    mailAttempts: new Counter({
      name: "latchkey_mail_attempts_total",
      help: "Attempts to deliver a mail by what came of them.",
      labelNames: ["outcome"] as const,
      registers,
    }),
    sessionLookups: new Histogram({
      name: "latchkey_session_lookup_duration_seconds",
      help: "Look-ups of sessions, by cookie or access token, by what came of them.",
      labelNames: ["outcome"] as const,
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
      registers,
    }),
    databaseTime: new Histogram({
      name: "latchkey_database_query_duration_seconds",
      help: "Statements at the database, waiting for other writers included.",
      labelNames: ["operation"] as const,
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
      registers,
    }),
    areDefaultsCollected: false,
  };
});

/** Counts a sign-in, or a half of one. */
export function countSignIn(
  way: SignInMetricWay,
  outcome: "signed_in" | "second_factor_required" | "refused" | "second_factor_refused",
): void {
  metrics.signIns.inc({ way, outcome });
}

/** Since `from`, by `performance.now()`. */
export function secondsSince(from: number): number {
  return (performance.now() - from) / 1000;
}

/** Memory, processor time, event loop and garbage collection, which cost something: only where somebody reads them. */
export function collectProcessMetrics(): void {
  if (metrics.areDefaultsCollected) return;
  metrics.areDefaultsCollected = true;
  collectDefaultMetrics({ register: metrics.registry });
}
