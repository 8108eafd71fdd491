import { database } from "./database";

/**
 * Writes a copy of the database into a new file: one consistent moment of it, whoever writes meanwhile, for the eyes of this
 * user alone.
 * @param file a path where there is no file yet
 * @throws when it cannot be written; what is there of it then is no copy
 */
export async function backUpTo(file: string): Promise<void> {
  process.umask(0o077);
  await database().$executeRaw`VACUUM INTO ${file}`;
}
