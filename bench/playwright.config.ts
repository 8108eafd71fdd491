import { defineConfig } from "@playwright/test";

/** Measurements run alone and one after the other; they assert what is right, and never how long it took. */
export default defineConfig({
  testDir: ".",
  testMatch: "*.bench.ts",
  workers: 1,
  timeout: 30 * 60_000,
  reporter: "line",
});
