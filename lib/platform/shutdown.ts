import { processWide } from "./process-wide";

type Task = () => Promise<void>;

const tasks = processWide("shutdown", () => new Set<Task>());

/** Has something finished before the process ends. */
export function atShutdown(task: Task): void {
  tasks.add(task);
}

/** Waits for all that wants to be finished. */
export async function finishAtShutdown(): Promise<void> {
  await Promise.all([...tasks].map((task) => task()));
}
