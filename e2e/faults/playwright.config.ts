import { defineConfig } from "@playwright/test";

/** Each fault of the list that the site must survive, on both databases; see README. They run alone and one after the other: some measure. */
export default defineConfig<object, { databaseKind: string }>({
  testDir: ".",
  testMatch: "*.faults.ts",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 5 * 60_000,
  globalSetup: "../../scripts/test-postgresql.ts",
  reporter: "./report.ts",
  projects: [{ name: "sqlite" }, { name: "postgresql", use: { databaseKind: "postgresql" } }],
});
