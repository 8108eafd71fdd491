import { renameSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/** A server's clock in the hands of a test; `clock-preload.mjs` is its other end. */
export interface Clock {
  /** Where its processes read it. */
  readonly file: string;
  /** What the server takes for now. */
  now(): Date;
  /** Moves it on by so many milliseconds, back if negative; done when the server has seen it. */
  advance(ms: number): Promise<void>;
}

/** A clock that a process started with `CLOCK_FILE=<file>` and `--import clock-preload.mjs` goes by. */
export function clockIn(file: string): Clock {
  let offset = 0;
  write();

  function write() {
    // Renamed into place, since a reader may come at any time and must not find half of it.
    writeFileSync(`${file}.new`, String(offset));
    renameSync(`${file}.new`, file);
  }

  return {
    file,
    now: () => new Date(Date.now() + offset),
    async advance(ms) {
      offset += ms;
      write();
      await pause(10);
    },
  };
}
