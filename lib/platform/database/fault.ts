import { isDriverAdapterError } from "@prisma/driver-adapter-utils";

/** By their names: pages and `server.ts` are bundled apart, and each has classes of its own by these names. */
const faults = [
  "PrismaClientUnknownRequestError",
  "PrismaClientInitializationError",
  "DatabaseError",
  "MigrationError",
];

/** True when the database, and not the code that asked it, is at fault: away, locked, full, read-only, damaged, not migrated. */
export function isDatabaseFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === "PrismaClientKnownRequestError")
    return !("code" in error && isFaultOfQuery(error.code));
  // What becomes of a commit is thrown as it is.
  return faults.includes(error.name) || isDriverAdapterError(error);
}

/** A value that must be unique, and a row that must be there: all that a query of ours can be wrong about. */
function isFaultOfQuery(code: unknown): boolean {
  return code === "P2002" || code === "P2025";
}
