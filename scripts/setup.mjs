import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isBuilt } from "./build-stamp.mjs";
import { oneAtATime } from "./lock.mjs";
import { postgresqlSchemaFile, writePostgresqlSchema } from "./postgresql-schema.mjs";
import { run, runNode, tools } from "./run.mjs";

/** Something that the person at the keyboard can mend: its message says all there is to say. */
export class Failure extends Error {}

// Naming any program as its schema engine keeps Prisma from downloading one: we use none.
const prismaEnv = { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath };

/** Installs the packages of the lockfile, unless they all lie here and fit this Node. */
export async function ensurePackages() {
  if (arePackagesInstalled()) return;
  await oneAtATime(async () => {
    if (!arePackagesInstalled()) await installPackages();
  });
}

function arePackagesInstalled() {
  // npm's own record of what it installed: written last, and removed first.
  const installed = readPackages("node_modules/.package-lock.json");
  const wanted = readPackages("package-lock.json");
  delete wanted[""];
  const isInstalled = (/** @type {string} */ path) =>
    installed[path] ? installed[path].version === wanted[path]?.version : wanted[path]?.optional;
  return Object.keys({ ...installed, ...wanted }).every(isInstalled) && doesNativeCodeLoad();
}

/**
 * @param {string} lockfile
 * @returns {Record<string, { version: string, optional?: boolean }>}
 */
function readPackages(lockfile) {
  return existsSync(lockfile) ? JSON.parse(readFileSync(lockfile, "utf8")).packages : {};
}

/** The one package that is compiled for one version of Node, one system and one processor. */
function doesNativeCodeLoad() {
  try {
    const Database = createRequire(import.meta.url)("better-sqlite3");
    new Database(":memory:").close();
    return true;
  } catch {
    return false;
  }
}

async function installPackages() {
  console.log("Installing packages … (where the ready-made file of better-sqlite3 cannot be");
  console.log("downloaded, it is compiled here, which takes about a minute)");
  // With NODE_ENV=production npm would leave out what the build needs.
  const args = ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  // Elsewhere a shell would only stand between our signals and npm.
  const shell = process.platform === "win32";
  const exitCode = await run("npm", args, { env: prismaEnv, shell });
  if (exitCode !== 0) {
    throw new Failure("The packages could not be installed: npm says why above.");
  }
  if (!arePackagesInstalled()) {
    throw new Failure("better-sqlite3 was not compiled: does npm's ignore-scripts forbid it?");
  }
}

/** Writes an `.env` with a secret of its own, if there is neither. */
export function ensureEnvironment() {
  if (existsSync(".env") || process.env.AUTH_SECRET) return;
  const secret = randomBytes(32).toString("base64url");
  const text = `# What can be set here, and what it means: .env.example\nAUTH_SECRET=${secret}\n`;
  try {
    // Of two starts at once, one secret must win.
    writeFileSync(".env", text, { flag: "wx", mode: 0o600 });
    console.log("Wrote .env with a fresh AUTH_SECRET.");
  } catch (error) {
    if (!existsSync(".env")) throw error;
  }
}

/** Generates the database clients, unless they are newer than what they are made from. */
export async function ensureClients() {
  const madeFrom = ["prisma/schema.prisma", "package-lock.json"].map(modifiedAt);
  const isFresh = (/** @type {string} */ path) =>
    existsSync(path) && modifiedAt(path) > Math.max(...madeFrom);
  if (clients.every(isFresh)) return;
  if (!(await generateClients())) throw new Failure("The database clients were not generated.");
}

const clients = ["client", "client-postgresql"].map(
  (name) => `lib/platform/database/${name}/client.ts`,
);

/** @param {string} path */
function modifiedAt(path) {
  return statSync(path).mtimeMs;
}

/** For each kind of database one. Returns false, with Prisma's words printed, when that fails. */
export async function generateClients() {
  writePostgresqlSchema();
  const generate = (/** @type {string} */ schema) =>
    runNode(tools.prisma, ["generate", "--schema", schema], { env: prismaEnv, quiet: true });
  const exitCodes = await Promise.all(["prisma/schema.prisma", postgresqlSchemaFile].map(generate));
  return exitCodes.every((exitCode) => exitCode === 0);
}

/** Builds the site, unless the build that lies here was made from what lies here now. */
export async function ensureBuild() {
  if (isBuilt()) return;
  await oneAtATime(async () => {
    if (isBuilt()) return;
    console.log("Building …");
    const exitCode = await runNode("scripts/build.mjs");
    if (exitCode !== 0) throw new Failure("The build failed: see above.");
  });
}

/**
 * Prints what went wrong.
 * @param {unknown} error
 */
export function tell(error) {
  console.error(error instanceof Failure ? error.message : error);
}
