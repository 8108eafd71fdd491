import Database from "better-sqlite3";
import type { Prisma } from "./client/client";

/**
 * Reads single rows on a connection of its own, with statements that are compiled once: Prisma's adapter compiles each anew,
 * which takes longer than to run it.
 * @param file which exists, in WAL mode
 */
export function openRows(file: string) {
  const connection = new Database(file, { fileMustExist: true, timeout: 0 });
  connection.pragma("query_only=ON");
  const statements = new Map<string, Database.Statement<unknown[], unknown[]>>();
  return {
    /** @throws at once what SQLite says, when it cannot answer at once */
    findRow({ sql, values }: Prisma.Sql): unknown[] | undefined {
      let statement = statements.get(sql);
      if (!statement) {
        statement = connection.prepare<unknown[], unknown[]>(sql).raw();
        statements.set(sql, statement);
      }
      return statement.get(...values);
    },
    close: () => void connection.close(),
  };
}
