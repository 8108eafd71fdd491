import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const lock = "dist/setup.lock";

/**
 * Does a piece of set-up in one process at a time, so that two starts do not write into each
 * other's folders. Waits for the process that is at it, and takes over from one that has died.
 * @template T
 * @param {() => Promise<T>} work
 */
export async function oneAtATime(work) {
  mkdirSync("dist", { recursive: true });
  let told = false;
  while (!take()) {
    if (clearAwayIfStale()) continue;
    if (!told) console.log("Another start is setting up this folder; waiting for it …");
    told = true;
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function take() {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    return false;
  }
}

/** Whether the lock was that of a process that has died, and is gone now. */
function clearAwayIfStale() {
  const owner = readOwner(lock);
  if (owner === null || isAlive(owner)) return false;
  // Somebody else may have cleared it away and taken it since: then what is moved is theirs.
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
    if (readOwner(aside) !== owner) writeFileSync(lock, readFileSync(aside), { flag: "wx" });
  } catch (error) {
    if (!hasCode(error, "ENOENT") && !hasCode(error, "EEXIST")) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
  return true;
}

/**
 * Null when there is no lock, or its owner has not yet written its process id.
 * @param {string} path
 */
function readOwner(path) {
  try {
    return Number(readFileSync(path, "utf8")) || null;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  // In a fresh container the same small numbers come again: our own cannot be another's.
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

/**
 * @param {unknown} error
 * @param {string} code
 */
function hasCode(error, code) {
  return error instanceof Error && "code" in error && error.code === code;
}
