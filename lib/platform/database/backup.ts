import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Prisma } from "./client/client";
import { database } from "./database";

/**
 * Writes a copy of SQLite's database into a new file: one consistent moment of it, whoever writes meanwhile, for the eyes of
 * this user alone. It has its name only when it is complete and on the disk, so that a backup that was broken off, or a power
 * cut, leaves none that looks like one.
 * @param file a path where there is no file yet
 * @throws when it cannot be written
 */
export async function backUpTo(file: string): Promise<void> {
  process.umask(0o077);
  const unfinished = `${file}.unfinished`;
  await rm(unfinished, { force: true });
  try {
    await database().$executeRaw`VACUUM INTO ${unfinished}`;
    // SQLite itself does not wait for the disk here.
    await flush(unfinished);
    await rename(unfinished, file);
    await flush(dirname(file));
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** @returns how many bytes a backup has at most */
export async function measureBackup(): Promise<number> {
  const size = Prisma.sql`SELECT page_count * page_size AS "bytes" FROM pragma_page_count(), pragma_page_size()`;
  const [measured] = await database().$queryRaw<{ bytes: bigint }[]>(size);
  return Number(measured?.bytes ?? 0);
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  await handle.sync().finally(() => handle.close());
}
