import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "@": import.meta.dirname } },
  test: {
    exclude: ["**/node_modules/**", ".next/**", "dist/**", "e2e/**"],
    // Processes, not threads: native modules such as better-sqlite3 are made for one each.
    pool: "forks",
    // More than there are cores, since much of it waits: for a database, a mail server, a lock.
    maxWorkers: availableParallelism() + 1,
    // Imports `next/server` without its ending, which Node alone does not find.
    server: { deps: { inline: ["next-auth"] } },
    testTimeout: 10_000,
    hookTimeout: 30_000,
    projects: [
      { extends: true, test: { name: "sqlite", include: ["**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "postgresql",
          include: testsOfDatabase(),
          env: { TEST_DATABASE: "postgresql" },
          globalSetup: "scripts/test-postgresql.ts",
        },
      },
    ],
  },
});

/** What asks no database is the same with each. */
function testsOfDatabase(): string[] {
  return readdirSync("lib", { recursive: true, encoding: "utf8" })
    .map((path) => `lib/${path}`)
    .filter((path) => path.endsWith(".test.ts"))
    .filter((path) => readFileSync(path, "utf8").includes('/test-database"'));
}
