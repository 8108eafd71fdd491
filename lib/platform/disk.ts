import { statfs } from "node:fs/promises";

/** What a file system may be, and a database had better not be on. */
export type DiskKind = "memory" | "network" | "container" | "other";

/** As Linux numbers them (statfs(2)). Elsewhere the numbers mean something else, and nothing is said. */
const kinds = new Map<number, DiskKind>([
  [0x01021994, "memory"],
  [0x858458f6, "memory"],
  [0x6969, "network"],
  [0x517b, "network"],
  [0xff534d42, "network"],
  [0xfe534d42, "network"],
  [0x5346414f, "network"],
  [0x00c36400, "network"],
  [0x01021997, "network"],
  [0x794c7630, "container"],
]);

/**
 * @param path of a file or a folder
 * @returns how many bytes this user may still write there, and what kind of file system it is
 */
export async function lookAtDisk(path: string): Promise<{ free: number; kind: DiskKind }> {
  const { bavail, bsize, type } = await statfs(path);
  // Some of the numbers come as negative ones.
  const kind = process.platform === "linux" ? kinds.get(type >>> 0) : undefined;
  return { free: bavail * bsize, kind: kind ?? "other" };
}
