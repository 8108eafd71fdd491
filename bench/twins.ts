import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { postgresqlSchemaOf } from "../scripts/postgresql-schema.mjs";
import { tools } from "../scripts/run.mjs";
import type { Markup } from "./markup";

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = join(root, "bench/twins");

/** What is compared with the site: the same pages, with less or with something else. */
export const twins = ["bare", "nonce", "next-auth", "better-auth"] as const;
export type Twin = (typeof twins)[number];

/**
 * Builds a twin for production: the bare one, with what it does differently laid over it. Within the site's own folder, the build
 * would find the site's `proxy.ts` and `instrumentation.ts` above the twin and take them in.
 * @param folder where to, which is made
 */
export function buildTwin(twin: Twin, folder: string, markup: Markup): void {
  for (const layer of new Set(["bare", twin]))
    cpSync(join(sources, layer), folder, { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "markup.tsx"), markup.source);
  copyLook(folder);
  if (twin === "next-auth") generateClients(folder);
  runTool("next", ["build"], folder);
}

/** The styles and the typefaces of the site. */
function copyLook(folder: string): void {
  for (const file of ["postcss.config.mjs", "app/fonts.ts", "app/globals.css"])
    cpSync(join(root, file), join(folder, file));
}

function generateClients(folder: string): void {
  const schema = readFileSync(join(folder, "prisma/schema.prisma"), "utf8");
  const other = join(folder, "prisma/postgresql.prisma");
  writeFileSync(other, postgresqlSchemaOf(schema).replace('"../client"', '"../client-postgresql"'));
  for (const file of [join(folder, "prisma/schema.prisma"), other])
    runTool("prisma", ["generate", "--schema", file], root);
}

function runTool(name: "next" | "prisma", args: string[], cwd: string): void {
  execFileSync(process.execPath, [join(root, tools[name]), ...args], {
    cwd,
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      NODE_ENV: "production",
      NEXT_TELEMETRY_DISABLED: "1",
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      // A build loads what opens a database and a way for mails, and uses neither.
      DATABASE_URL: "file:build.db",
      SMTP_URL: "smtp://127.0.0.1:1",
      BETTER_AUTH_SECRET: "only while it is built, and never served",
    },
  });
}
