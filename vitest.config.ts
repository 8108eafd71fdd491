import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "@": import.meta.dirname } },
  test: {
    include: ["**/*.test.ts"],
    exclude: ["**/node_modules/**", ".next/**", "dist/**", "e2e/**"],
    // Processes, not threads: native modules such as better-sqlite3 are made for one each.
    pool: "forks",
    // By itself it would leave one core to whoever watches.
    maxWorkers: availableParallelism(),
    // Imports `next/server` without its ending, which Node alone does not find.
    server: { deps: { inline: ["next-auth"] } },
    testTimeout: 10_000,
    hookTimeout: 30_000,
  },
});
