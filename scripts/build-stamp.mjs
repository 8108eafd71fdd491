import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const serverFile = "dist/server.mjs";
export const cliFile = "dist/cli.mjs";
const stamp = ".next/built-from";
const folders = ["app", "cli", "components", "emails", "lib", "messages", "prisma", "public"];
const generated = [join("lib", "platform", "database", "client"), join("prisma", "postgresql")];

/** Whether the build that lies here was made from what lies here now. */
export function isBuilt() {
  if (!existsSync(stamp) || !existsSync(serverFile) || !existsSync(cliFile)) return false;
  return readFileSync(stamp, "utf8") === fingerprintInputs();
}

/** SHA-256 over the names and contents of all that a build is made from. */
export function fingerprintInputs() {
  const hash = createHash("sha256");
  for (const path of listInputs()) {
    const content = readFileSync(path);
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

function listInputs() {
  const inFolders = folders.filter((folder) => existsSync(folder)).flatMap(listFiles);
  const atTheTop = readdirSync(".").filter((name) => /\.(ts|mjs|json)$/.test(name));
  return [...inFolders, ...atTheTop, "scripts/build.mjs", "scripts/bundle.mjs"]
    .filter((path) => !generated.some((folder) => path.startsWith(folder)))
    .filter((path) => path !== "next-env.d.ts")
    .filter((path) => !/\.test\.tsx?$/.test(path))
    .sort();
}

/** @param {string} folder */
function listFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** A build that is under way, or was broken off, is none. */
export function forgetBuild() {
  rmSync(stamp, { force: true });
}

/** @param {string} fingerprint of the inputs as they were when the build began */
export function recordBuild(fingerprint) {
  writeFileSync(stamp, fingerprint);
}
