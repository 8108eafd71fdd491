/** The database cannot be used as it is; the message says in one line what is wrong. */
export class DatabaseError extends Error {
  override name = "DatabaseError";
}
