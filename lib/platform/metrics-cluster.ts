import cluster, { type Worker } from "node:cluster";
import { randomUUID } from "node:crypto";
import { AggregatorRegistry } from "prom-client";
import { seconds } from "./duration";
import { metrics } from "./metrics";
import { processWide } from "./process-wide";

/** The sum takes its own time to give up on a process: this is longer. */
const patience = seconds(6);

type Question = { type: "latchkey.metrics"; id: string };
type Answer = Question & { text?: string; fault?: string };

/**
 * In a process of a cluster: takes part in the sum over all of them. Elsewhere nothing. The sum asks each process for what it has
 * counted, and is made by the primary, which alone knows the others.
 */
export function joinMetricsOfAll(): void {
  if (!cluster.isWorker) return;
  processWide("metrics-of-all", () => new AggregatorRegistry());
  AggregatorRegistry.setRegistries(metrics.registry);
}

/** In the primary of a cluster: answers its processes with the sum over all of them. Call it once, before they are forked. */
export function answerMetricsOfAll(): void {
  const all = new AggregatorRegistry();
  cluster.on("message", (worker: Worker, question: Question) => {
    if (question?.type !== "latchkey.metrics") return;
    const answer = (rest: Pick<Answer, "text" | "fault">) => {
      if (worker.isConnected()) worker.send({ ...question, ...rest });
    };
    all.clusterMetrics().then(
      (text) => answer({ text }),
      (error: Error) => answer({ fault: error.message }),
    );
  });
}

/**
 * What this process has counted, or all of its cluster have.
 * @throws when the primary does not answer in time: a part in place of the sum would look like a restart
 */
export async function readMetrics(): Promise<string> {
  return cluster.isWorker ? await askPrimary() : await metrics.registry.metrics();
}

async function askPrimary(): Promise<string> {
  const question: Question = { type: "latchkey.metrics", id: randomUUID() };
  return await new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      process.off("message", hear);
    };
    const hear = (answer: Answer) => {
      if (answer?.type !== question.type || answer.id !== question.id) return;
      end();
      if (answer.text === undefined) reject(new Error(answer.fault));
      else resolve(answer.text);
    };
    const timer = setTimeout(() => {
      end();
      reject(new Error("The primary process does not answer"));
    }, patience);
    process.on("message", hear);
    process.send?.(question);
  });
}
