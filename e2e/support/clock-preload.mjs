/**
 * Moves the clock of a Node process that knows nothing of it:
 *
 *     CLOCK_FILE=/some/file node --import ./e2e/support/clock-preload.mjs dist/server.mjs
 *
 * The file holds the milliseconds by which `Date` is ahead, and may change at any time; it is read
 * again every few milliseconds. Timers, `performance.now()` and the `Date:` header of answers go on
 * in real time.
 */
import { readFileSync } from "node:fs";

const RealDate = Date;
const realNow = Date.now;
const file = process.env.CLOCK_FILE;
const rereadAfterMs = 2;

let offset = 0;
let readAt = Number.NEGATIVE_INFINITY;

if (file) {
  RealDate.now = () => realNow() + currentOffset(file);
  RealDate.prototype.constructor = globalThis.Date = new Proxy(RealDate, {
    apply: () => new RealDate(RealDate.now()).toString(),
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length > 0 ? args : [RealDate.now()], newTarget),
  });
}

/** @param {string} path */
function currentOffset(path) {
  const elapsed = performance.now();
  if (elapsed - readAt >= rereadAfterMs) {
    readAt = elapsed;
    try {
      offset = Number(readFileSync(path, "utf8"));
    } catch {
      // The test has cleared up already; a process that is about to end keeps its last time.
    }
  }
  return offset;
}
