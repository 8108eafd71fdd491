import { isDriverAdapterError } from "@prisma/driver-adapter-utils";
import { Prisma } from "./client/client";
import { DatabaseError } from "./database-error";
import { MigrationError } from "./migrations";

/** True when the database, and not the code that asked it, is at fault: away, locked, full, read-only, damaged, not migrated. */
export function isDatabaseFault(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientKnownRequestError) return !isFaultOfQuery(error.code);
  return (
    error instanceof Prisma.PrismaClientUnknownRequestError ||
    error instanceof Prisma.PrismaClientInitializationError ||
    error instanceof DatabaseError ||
    // What becomes of a commit is thrown as it is.
    (error instanceof Error && isDriverAdapterError(error)) ||
    error instanceof MigrationError
  );
}

/** A value that must be unique, and a row that must be there: all that a query of ours can be wrong about. */
function isFaultOfQuery(code: string): boolean {
  return code === "P2002" || code === "P2025";
}
