import { spawn } from "node:child_process";

/**
 * Kills a process when this one ends, however it ends: a shell waits at the other end of a pipe,
 * which the system closes even for a process that was killed without warning.
 *
 * @returns a function that lets the process live, for when it has ended by itself: by then the
 *   same id may belong to somebody else.
 */
export function killWithThisProcess(pid: number): () => void {
  const script = 'trap "" INT TERM HUP; read -r _ || kill -9 "$0"';
  const shell = spawn("sh", ["-c", script, String(pid)], { stdio: ["pipe", "ignore", "ignore"] });
  // Without a shell, or after somebody ended it, there is no guard; that is no reason to fail.
  shell.on("error", () => undefined);
  shell.stdin.on("error", () => undefined);
  shell.unref();
  return () => shell.stdin.end("released\n");
}
