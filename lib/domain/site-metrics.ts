import { Gauge, Registry } from "prom-client";
import { database } from "@/lib/platform/database/database";
import { seconds } from "@/lib/platform/duration";
import { readMetrics } from "@/lib/platform/metrics-cluster";
import { countMails, mailStates, mostCounted } from "./mail-search";

/** Whoever reads metrics gives up after ten seconds by default, and wants those most that tell of a fault. */
const patience = seconds(3);

/**
 * All that the site counts, as text for Prometheus: of this process or its whole cluster, and of the database, which is the same for
 * all of them.
 * @throws when the cluster does not answer
 */
export async function readSiteMetrics(): Promise<string> {
  const parts = await Promise.all([readMetrics(), readDatabaseMetrics()]);
  return parts.join("\n");
}

/** Read now, and in bounded time, however many mails there are. When the database is away it says that, and no more. */
async function readDatabaseMetrics(): Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  const isUp = new Gauge({
    name: "latchkey_database_up",
    help: "Whether the database has answered this look at it.",
    registers,
  });
  const facts = await Promise.race([readFacts(), pauseWithoutFacts()]).catch(() => null);
  isUp.set(facts ? 1 : 0);
  if (!facts) return await registry.metrics();
  const mails = new Gauge({
    name: "latchkey_mails",
    help: `Mails of the last 30 days by state, counted up to ${mostCounted}.`,
    labelNames: ["state"] as const,
    registers,
  });
  for (const state of mailStates) mails.set({ state }, facts.mails[state]);
  const age = new Gauge({
    name: "latchkey_mail_queue_age_seconds",
    help: "Age of the oldest mail that somebody waits for and that has not been sent; 0 when there is none.",
    registers,
  });
  age.set(facts.queuedSince ? Math.max(0, Date.now() - facts.queuedSince.getTime()) / 1000 : 0);
  return await registry.metrics();
}

async function readFacts() {
  const [mails, queuedSince] = await Promise.all([countMails(), oldestQueuedAt()]);
  return { mails, queuedSince };
}

/** Mailings and invitations go out at a pace, and are meant to wait. */
async function oldestQueuedAt(): Promise<Date | null> {
  const { _min } = await database().mail.aggregate({
    where: { state: "queued", canWait: false },
    _min: { createdAt: true },
  });
  return _min.createdAt;
}

async function pauseWithoutFacts(): Promise<null> {
  return await new Promise((resolve) => setTimeout(() => resolve(null), patience).unref());
}
