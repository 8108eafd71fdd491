type Task = () => Promise<void>;

// The server and what runs beside its requests are bundled apart from each other, so they meet at a name.
const key = Symbol.for("latchkey.shutdown");
const meetingPlace = globalThis as { [key]?: Set<Task> };

/** Has something finished before the process ends. */
export function atShutdown(task: Task): void {
  meetingPlace[key] ??= new Set();
  meetingPlace[key].add(task);
}

/** Waits for all that wants to be finished. */
export async function finishAtShutdown(): Promise<void> {
  await Promise.all([...(meetingPlace[key] ?? [])].map((task) => task()));
}
