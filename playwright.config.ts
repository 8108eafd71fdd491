import { defineConfig, devices } from "@playwright/test";
import { findBrowser } from "./scripts/browser.mjs";

const executablePath = await findBrowser();
const isRoot = process.getuid?.() === 0;

/**
 * `WHOLE=1` runs every test on both databases, in twice the time. Otherwise what asks the database little is on SQLite, and the
 * flows of people are on one of both, as the rules that they follow are tested on both by the unit tests.
 */
const isWhole = Boolean(process.env.WHOLE);
const onBoth = files("database-copy", "limits", "link", "sign-in");
const onPostgresqlAlone = files(
  ...["account", "admin-mail", "audit", "code", "endings", "half-signed-in", "number", "passkeys"],
  ...["second-factor-policy", "security-mail", "sign-up", "step-up", "stop-mails"],
);

export default defineConfig<object, { databaseKind: string }>({
  testDir: "e2e",
  testMatch: "**/*.spec.ts",
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  globalSetup: "./scripts/test-postgresql.ts",
  projects: [
    { name: "sqlite", testIgnore: isWhole ? [] : onPostgresqlAlone },
    {
      name: "postgresql",
      use: { databaseKind: "postgresql" },
      testMatch: isWhole ? files("*") : [...onBoth, ...onPostgresqlAlone],
    },
  ],
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

function files(...names: string[]): string[] {
  return names.map((name) => `**/${name}.spec.ts`);
}
