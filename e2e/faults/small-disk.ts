import { execFile } from "node:child_process";
import { appendFile, chmod, mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A file system of its own, which can be full without harm to others. */
export interface SmallDisk {
  readonly folder: string;
  /** Leaves no room for a byte. */
  fill(): Promise<void>;
  free(): Promise<void>;
  remove(): Promise<void>;
}

/** Mounts one in memory, which takes Linux and root. */
export async function mountSmallDisk(megabytes: number): Promise<SmallDisk> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-disk-"));
  await run("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]);
  await chmod(folder, 0o711);
  const ballast = join(folder, "ballast");
  return {
    folder,
    async fill() {
      for (const size of [1024 * 1024, 4096]) {
        const block = Buffer.alloc(size);
        while (await appendFile(ballast, block).then(() => true, isOtherThanFull));
      }
    },
    free: () => truncate(ballast, 0),
    async remove() {
      await run("umount", ["--lazy", folder]);
      await rm(folder, { recursive: true });
    },
  };
}

function isOtherThanFull(error: NodeJS.ErrnoException): false {
  if (error.code !== "ENOSPC") throw error;
  return false;
}
