import { defineConfig, devices } from "@playwright/test";
import { findBrowser } from "./scripts/browser.mjs";

const executablePath = await findBrowser();
const isRoot = process.getuid?.() === 0;

const postgresql = { name: "postgresql", use: { databaseKind: "postgresql" } };

/** `WHOLE=1` runs every test on both databases, in twice the time. */
const isWhole = Boolean(process.env.WHOLE);

/** What people and administrators do. The rest looks at pages, headers, proxies and processes, which know of no database. */
const askingDatabase = [
  ...["account", "address-change", "admin-mail", "admin-users", "audit", "code", "database-copy"],
  ...["endings", "half-signed-in", "limits", "link", "mailings", "number", "passkeys"],
  ...["second-factor-policy", "security-mail", "sessions", "sign-in", "sign-up", "step-up"],
  ...["stop-mails", "two-factor"],
].map((name) => `**/${name}.spec.ts`);

export default defineConfig<object, { databaseKind: string }>({
  testDir: "e2e",
  testMatch: "**/*.spec.ts",
  fullyParallel: true,
  workers: 3,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  globalSetup: "./scripts/test-postgresql.ts",
  projects: isWhole
    ? [{ name: "sqlite" }, postgresql]
    : [
        // Each flow once with scripts and once without, on one database each.
        { name: "sqlite", grepInvert: /without scripts/ },
        { ...postgresql, testMatch: askingDatabase, grepInvert: /with scripts|behind \d prox|IPv/ },
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
