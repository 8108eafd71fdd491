import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { type EventLoopUtilization, performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { minutes, seconds } from "./duration";
import { log } from "./log";

/** How long what is under way at a stop may take. */
export const stopLimit = seconds(30);
/** A process that died after less than this might do so again at once. */
const promising = minutes(1);
const shortestPause = seconds(0.5);
const longestPause = seconds(30);

/** A process could not start, and has said why. */
export class ProcessError extends Error {
  override name = "ProcessError";
}

type Processes = {
  /** The path of what each of them runs, as it was given: a link in it leads to the version of the moment. */
  program: string;
  count: number;
  serving: Set<Worker>;
  isFilling: boolean;
  isReplacing: boolean;
  isStopping: boolean;
  /** How many in a row have died soon. */
  deaths: number;
};

/**
 * Starts so many processes that serve one port together, and keeps them alive: one that dies is replaced, SIGHUP replaces
 * all of them with the version that lies on the disk now, SIGTERM and SIGINT let them finish and end this process.
 * @returns when the first of them serves
 * @throws {ProcessError} when that one cannot start
 */
export async function startProcesses(program: string, count: number): Promise<void> {
  const processes: Processes = {
    program,
    count,
    serving: new Set(),
    isFilling: false,
    isReplacing: false,
    isStopping: false,
    deaths: 0,
  };
  process.on("SIGTERM", () => void stopAll(processes));
  process.on("SIGINT", () => void stopAll(processes));
  // A terminal that is closed says the same.
  process.on("SIGHUP", () => void (process.stdin.isTTY ? stopAll : replaceAll)(processes));
  // Alone, so that what keeps all of them from starting is said once.
  await open(processes, await prepare(processes, "able"));
  void addOthers(processes);
}

async function addOthers(processes: Processes): Promise<void> {
  const others = Array.from({ length: processes.count - 1 }, async () =>
    openIfShort(processes, await prepare(processes)),
  );
  await Promise.allSettled(others);
  void fill(processes);
}

/**
 * How far a new process has come: it has all it needs to serve, or has loaded all pages, too. Loading them takes so long that
 * who asks meanwhile had better ask another one.
 */
type Stage = "able" | "warm";

/** A new process, which does not serve yet. */
async function prepare({ program }: Processes, stage: Stage = "warm"): Promise<Worker> {
  // A link may lead to another version by now, whose pages lie in its own folder.
  const exec = realpathSync(program);
  cluster.setupPrimary({ exec, args: [], cwd: dirname(dirname(exec)) });
  const worker = cluster.fork();
  // Node has taken it off the list of those that connections are shared out among before it tells us this.
  worker.on("message", (message) => {
    if (message === "closed" && worker.isConnected()) worker.send("no more");
  });
  await untilIt(worker, "message", (message) => message === stage);
  return worker;
}

/** Others may have taken its place while it was starting: those of a new version, or nobody's when all are to stop. */
async function openIfShort(processes: Processes, worker: Worker): Promise<void> {
  if (isShort(processes)) await open(processes, worker);
  else worker.process.kill();
}

function isShort({ isStopping, serving, count }: Processes): boolean {
  return !isStopping && serving.size < count;
}

/** Lets it serve; done when it does. */
async function open(processes: Processes, worker: Worker): Promise<void> {
  // It would count as serving for ever: its end has been told already.
  if (worker.isDead()) throw new ProcessError("A process ended before it could serve.");
  const openedAt = performance.now();
  processes.serving.add(worker);
  worker.once("exit", (code, signal) => {
    // One that was told to end is none of them any more.
    if (!processes.serving.delete(worker)) return;
    const { pid } = worker.process;
    log().error({ process: pid, code, signal }, "a process has ended, and another takes its place");
    processes.deaths = performance.now() - openedAt < promising ? processes.deaths + 1 : 0;
    void fill(processes);
  });
  const listening = untilIt(worker, "listening");
  if (worker.isConnected()) worker.send("open");
  await listening;
}

/** @throws {ProcessError} when it ends before that */
async function untilIt(
  worker: Worker,
  event: "message" | "listening",
  isIt: (value: unknown) => boolean = () => true,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const ended = () => reject(new ProcessError("A process could not start."));
    if (worker.isDead()) return ended();
    worker.once("exit", ended);
    worker.on(event, function hear(value: unknown) {
      if (!isIt(value)) return;
      worker.off(event, hear).off("exit", ended);
      resolve();
    });
  });
}

/** Starts one after another until there are enough, with growing pauses while they die soon. */
async function fill(processes: Processes): Promise<void> {
  if (processes.isFilling) return;
  processes.isFilling = true;
  while (isShort(processes)) {
    const { deaths } = processes;
    if (deaths > 0) await sleep(Math.min(longestPause, shortestPause * 2 ** (deaths - 1)));
    try {
      await openIfShort(processes, await prepare(processes));
    } catch (error) {
      processes.deaths += 1;
      if (!processes.isStopping) log().error({ err: error }, "a process could not be replaced");
    }
  }
  processes.isFilling = false;
}

/**
 * The new ones all begin before the first old one ends, and at the same moment: a page of one version that asks for its scripts
 * at the other would not find them. Where one of them cannot start, all stays as it was.
 */
async function replaceAll(processes: Processes): Promise<void> {
  if (processes.isReplacing) return;
  processes.isReplacing = true;
  await replaceTogether(processes);
  processes.isReplacing = false;
}

async function replaceTogether(processes: Processes): Promise<void> {
  const starts = Array.from({ length: processes.count }, () => prepare(processes));
  const results = await Promise.allSettled(starts);
  const prepared = results.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
  if (processes.isStopping || prepared.length < processes.count) {
    for (const worker of prepared) worker.process.kill();
    log().error("the new version could not start; the former one goes on");
    return;
  }
  const former = [...processes.serving];
  await Promise.allSettled(prepared.map((worker) => open(processes, worker)));
  for (const worker of former) {
    processes.serving.delete(worker);
    stop(worker);
  }
  processes.deaths = 0;
  log().info({ processes: processes.count }, "all processes have been replaced");
  void fill(processes);
}

function stop(worker: Worker): void {
  if (worker.isConnected()) worker.send("stop");
}

async function stopAll(processes: Processes): Promise<void> {
  if (processes.isStopping) return;
  processes.isStopping = true;
  processes.serving.clear();
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => !!worker);
  const alive = workers.filter((worker) => !worker.isDead());
  setTimeout(() => endNow(alive), stopLimit + seconds(1)).unref();
  const endings = alive.map((worker) => once(worker, "exit"));
  for (const worker of alive) stop(worker);
  const codes = (await Promise.all(endings)).map(([code]) => code);
  process.exit(codes.some((code) => code === 1) ? 1 : 0);
}

function endNow(workers: Worker[]): never {
  for (const worker of workers) worker.process.kill("SIGKILL");
  process.exit(1);
}

/** In one of several processes: tells the first one that this one could serve, and is done when it may. */
export async function untilOpened(): Promise<void> {
  const opened = new Promise<void>((resolve) => {
    process.on("message", (message) => {
      if (message === "open") resolve();
    });
  });
  tell("able");
  void untilIdle().then(() => tell("warm"));
  await opened;
}

function tell(news: Stage | "closed"): void {
  // The first one may have died.
  if (process.connected) process.send?.(news);
}

/** Next goes on loading after it has said that it is ready, and says no more when it is done. */
async function untilIdle(): Promise<void> {
  let before: EventLoopUtilization;
  do {
    before = performance.eventLoopUtilization();
    await sleep(50);
  } while (performance.eventLoopUtilization(before).utilization > 0.5);
}

/**
 * In one of several processes: `end` is called when the first one says so, and when that one has died.
 */
export function onToldToStop(end: () => void): void {
  const { worker } = cluster;
  if (!worker) return;
  process.on("message", (message) => {
    if (message === "stop") end();
  });
  worker.once("disconnect", () => {
    // Or Node would end this process at once, and drop what is under way.
    worker.exitedAfterDisconnect = true;
    end();
  });
}

/**
 * In one of several processes, once it has closed its servers: done when no connection that the first one has shared out to it
 * is still on its way. Node forgets those that meet a process that has ended, and who is behind them waits for ever.
 */
export async function untilNoneIsOnItsWay(): Promise<void> {
  if (!cluster.isWorker || !process.connected) return;
  const told = new Promise<void>((resolve) => {
    process.once("disconnect", resolve);
    process.on("message", (message) => {
      if (message === "no more") resolve();
    });
  });
  tell("closed");
  await told;
}
