import { expect, test } from "vitest";
import { database } from "@/lib/platform/database/database";
import { prepareTestDatabase } from "@/lib/platform/database/test-database";
import { requireMigratedDatabase, requireServingDatabase } from "./readiness";

await prepareTestDatabase();

test("a migration of a newer version keeps this one from starting, and not from serving", async () => {
  await requireMigratedDatabase();
  await database().$executeRaw`
    INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
    VALUES ('1', '-', '29990101000000_newer', CURRENT_TIMESTAMP, 1)`;
  await requireServingDatabase();
  await expect(requireMigratedDatabase()).rejects.toMatchObject({ reason: "newer-database" });
});

test("a migration that is missing keeps it from both", async () => {
  await database().$executeRaw`DELETE FROM _prisma_migrations WHERE migration_name LIKE '%_init'`;
  await expect(requireServingDatabase()).rejects.toMatchObject({ reason: "pending" });
  await expect(requireMigratedDatabase()).rejects.toMatchObject({ reason: "newer-database" });
});
