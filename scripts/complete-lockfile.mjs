// Adds to package-lock.json the packages for other systems that its packages name. A registry that
// does not carry them makes npm leave them out, and `npm ci` then refuses the lockfile everywhere.
//   npm run lockfile
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** @typedef {{ version?: string, dev?: boolean, optional?: boolean, optionalDependencies?: Record<string, string> }} Entry */

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const lockfile = JSON.parse(readFileSync("package-lock.json", "utf8"));
  const missing = listMissing(lockfile.packages);
  for (const { name, version, dev } of missing)
    lockfile.packages[`node_modules/${name}`] = {
      version,
      ...(dev && { dev }),
      optional: true,
      ...platformOf(name),
    };
  const sorted = Object.entries(lockfile.packages).sort(([a], [b]) => a.localeCompare(b, "en"));
  lockfile.packages = Object.fromEntries(sorted);
  writeFileSync("package-lock.json", `${JSON.stringify(lockfile, null, 2)}\n`);
  console.log(`${missing.length} packages for other systems added.`);
}

/**
 * The optional packages that are named and have no entry.
 * @param {Record<string, Entry>} packages
 * @returns {{ name: string, version: string, dev: boolean | undefined }[]}
 */
export function listMissing(packages) {
  return Object.entries(packages).flatMap(([path, { dev, optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !isFound(packages, path, name))
      .map(([name, version]) => ({ name, version, dev })),
  );
}

/**
 * Looks where Node would: beside the package, and in every folder above.
 * @param {Record<string, Entry>} packages
 * @param {string} path
 * @param {string} name
 */
function isFound(packages, path, name) {
  const parents = path
    .split(/(?=node_modules\/)/)
    .map((_, index, parts) => parts.slice(0, index + 1).join(""));
  const folders = ["", ...parents.map((parent) => parent.replace(/\/?$/, "/"))];
  return folders.some((folder) => packages[`${folder}node_modules/${name}`]);
}

/**
 * The name of such a package says which systems it is for.
 * @param {string} name
 */
function platformOf(name) {
  const os = name.match(
    /android|darwin|freebsd|linux|win32|openharmony|netbsd|openbsd|sunos|aix/,
  )?.[0];
  const cpu = name.match(
    /wasm32|arm64|arm(?=-|eabi|$)|ia32|x64|ppc64|s390x|riscv64|mips64el|loong64/,
  )?.[0];
  const libc = name.includes("musl")
    ? "musl"
    : name.includes("gnu") && os === "linux"
      ? "glibc"
      : undefined;
  return { ...(os && { os: [os] }), ...(cpu && { cpu: [cpu] }), ...(libc && { libc: [libc] }) };
}
