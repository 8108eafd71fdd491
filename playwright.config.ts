import { defineConfig, devices } from "@playwright/test";
import { findBrowser } from "./scripts/browser.mjs";

const executablePath = await findBrowser();
const isRoot = process.getuid?.() === 0;

export default defineConfig<object, { databaseKind: string }>({
  testDir: "e2e",
  testMatch: "**/*.spec.ts",
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  globalSetup: "./scripts/test-postgresql.ts",
  projects: [{ name: "sqlite" }, { name: "postgresql", use: { databaseKind: "postgresql" } }],
  use: {
    ...devices["Desktop Chrome"],
    // A browser that is closed in the middle of a transition from page to page hangs now and then.
    contextOptions: { reducedMotion: "reduce" },
    launchOptions: {
      ...(executablePath && { executablePath }),
      args: [
        // Chromium refuses to start as root with its sandbox on.
        ...(isRoot ? ["--no-sandbox"] : []),
        // What a browser asks of its maker's servers by itself would only wait in a closed network.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-quic",
        "--no-first-run",
        // The names of the documentation, which tests use where a name of its own is needed.
        "--host-resolver-rules=MAP *.example.org 127.0.0.1",
      ],
    },
  },
});
