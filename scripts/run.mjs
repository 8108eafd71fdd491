import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";

/** What `npx <name>` would start, without starting npx. */
export const tools = {
  biome: "node_modules/@biomejs/biome/bin/biome",
  knip: "node_modules/knip/bin/knip.js",
  next: "node_modules/next/dist/bin/next",
  playwright: "node_modules/@playwright/test/cli.js",
  prisma: "node_modules/prisma/build/index.js",
  tsc: "node_modules/typescript/bin/tsc",
  vitest: "node_modules/vitest/vitest.mjs",
};

/**
 * npm passes a signal on to the shell through which it has started us, and the shell to nobody. So
 * when our shell has gone, that was the signal.
 */
export function endWithNpm() {
  if (!process.env.npm_lifecycle_event) return;
  const shell = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, 200);
  timer.unref();
}

/** @param {string} path */
export function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs one of the project's tools, or a script of ours, with this same Node.
 * @param {string} script
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export function runNode(script, args = [], options = {}) {
  return run(process.execPath, [script, ...args], options);
}

/**
 * Runs a program to its end and returns its exit code. Its output goes to the terminal;
 * that of a quiet one only when it fails.
 * @typedef {{ env?: Record<string, string>, quiet?: boolean, shell?: boolean, minutes?: number }} RunOptions
 * @param {string} program
 * @param {string[]} args
 * @param {RunOptions} [options] `minutes` is the time after which the program is ended
 * @returns {Promise<number>}
 */
export function run(program, args, { env = {}, quiet = false, shell = false, minutes = 0 } = {}) {
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: quiet ? ["ignore", "pipe", "pipe"] : "inherit",
    shell,
    timeout: minutes * 60_000,
  });
  const stopForwarding = forwardSignals(child);
  /** @type {Buffer[]} */
  const output = [];
  child.stdout?.on("data", (chunk) => output.push(chunk));
  child.stderr?.on("data", (chunk) => output.push(chunk));

  return new Promise((resolve) => {
    child.on("error", (error) => {
      stopForwarding();
      console.error(`${program}: ${error.message}`);
      resolve(1);
    });
    child.on("close", (code) => {
      stopForwarding();
      if (code !== 0) process.stderr.write(Buffer.concat(output));
      resolve(code ?? 1);
    });
  });
}

/**
 * A process manager ends only the process that it started, so what that one started is ended here;
 * then this process ends in the same way. A terminal's Ctrl-C reaches everybody by itself, and told
 * twice, some tools skip their cleaning up.
 * @param {import("node:child_process").ChildProcess} child
 */
function forwardSignals(child) {
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    child.once("close", () => process.kill(process.pid, signal));
  };
  /** @type {NodeJS.Signals[]} */
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.once(signal, forward);
  return () => {
    for (const signal of signals) process.off(signal, forward);
  };
}
