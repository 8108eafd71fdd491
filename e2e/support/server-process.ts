import { spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { killWithThisProcess } from "./guard";

const stopWithinMs = 10_000;

/** How a process ended: with a code of its own, or by a signal. */
export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A program that runs as a process of its own, and never outlives the test. */
export interface ServerProcess {
  readonly pid: number | undefined;
  /** How it ended, as soon as it has. */
  readonly ending: Ending | undefined;
  /** Sends it a signal that ends it; done when it has ended. */
  kill(signal: NodeJS.Signals): Promise<Ending>;
  /** Asks it to end, and ends it if it has not done so after ten seconds. */
  stop(): Promise<Ending>;
}

/** A user of the system, by number. */
export interface User {
  uid: number;
  gid: number;
}

interface ProcessOptions {
  cwd: string;
  /** All of its environment: it inherits nothing. */
  env: NodeJS.ProcessEnv;
  /** Gets what it writes, to either stream, as it comes. */
  onOutput(text: string): void;
  /** Node unless told. */
  program?: string;
  /** Whose process it is; this one's user unless told. */
  user?: User | undefined;
}

/** Runs a program with these arguments. */
export function startProcess(
  args: string[],
  { cwd, env, onOutput, program = process.execPath, user }: ProcessOptions,
): ServerProcess {
  const child = spawn(program, args, { cwd, env, ...user, stdio: ["ignore", "pipe", "pipe"] });
  const release = child.pid ? killWithThisProcess(child.pid) : () => undefined;
  child.stdout.setEncoding("utf8").on("data", onOutput);
  child.stderr.setEncoding("utf8").on("data", onOutput);

  let ending: Ending | undefined;
  child.once("exit", release);
  const ended = new Promise<Ending>((resolve) => {
    // Not "exit", which comes before the last of the output.
    child.once("close", (code, signal) => {
      ending = { code, signal };
      resolve(ending);
    });
  });

  function kill(signal: NodeJS.Signals) {
    child.kill(signal);
    return ended;
  }

  return {
    pid: child.pid,
    get ending() {
      return ending;
    },
    kill,
    async stop() {
      const inTime = await Promise.race([kill("SIGTERM"), pause(stopWithinMs)]);
      return inTime ?? kill("SIGKILL");
    },
  };
}
