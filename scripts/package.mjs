// Makes a folder that runs with nothing but Node: the build, and of the packages the files that it loads.
//   npm run package -- releases/2
//   npm run package -- releases/2 releases/1   also for pages that the former version has drawn
import {
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { cliFile, serverFile } from "./build-stamp.mjs";
import { endWithNpm } from "./run.mjs";
import { ensureBuild, ensurePackages, Failure, tell } from "./setup.mjs";

const [target, former] = process.argv
  .slice(2)
  .map((path) => resolve(process.env.INIT_CWD ?? ".", path));
process.chdir(`${import.meta.dirname}/..`);
endWithNpm();

try {
  if (!target) throw new Failure("Name the folder that is to be made: npm run package -- folder");
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new Failure(`${target} is not empty: each version gets a folder of its own.`);
  await ensurePackages();
  await ensureBuild();
  await makeFolder(target);
  if (former) copyMissing(join(former, ".next/static"), join(target, ".next/static"));
  console.log(`Made: ${target}\nIt is started there with: node ${serverFile}`);
} catch (error) {
  tell(error);
  process.exit(1);
}

/** @param {string} folder */
async function makeFolder(folder) {
  const paths = [
    ...listBuild(),
    ...(await listLoadedFiles()),
    "prisma/migrations",
    ".env.example",
    "LICENSE",
  ];
  for (const path of new Set(paths)) copy(path, join(folder, path));
  const { name, version, license, type, engines, bin } = readJson("package.json");
  const manifest = { name, version, private: true, license, type, engines, bin };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** What Next reads of its build when it serves: not its caches, its records of the build, nor source maps. */
function listBuild() {
  const inServer = /** @type {string[]} */ (readdirSync(".next/server", { recursive: true }));
  const served = inServer
    .map((path) => join(".next/server", path))
    .filter((path) => /\.\w+$/.test(path) && !/\.(map|nft\.json)$/.test(path));
  const atTheTop = readdirSync(".next").filter((name) => /^BUILD_ID$|\.js(on)?$/.test(name));
  const manifests = atTheTop.map((name) => join(".next", name));
  return [...served, ...manifests, ".next/static", ".next/node_modules", "public"].filter(
    (path) => existsSync(path) && !path.endsWith(".nft.json"),
  );
}

/** Next has traced what each page loads; what our server and commands load, Next's server among it, is traced here. */
async function listLoadedFiles() {
  const require = createRequire(import.meta.url);
  // The tracer that Next itself builds with; it comes without types.
  const tracer = "next/dist/compiled/@vercel/nft";
  const { nodeFileTrace } = require(tracer);
  const { fileList } = await nodeFileTrace([serverFile, cliFile], {
    base: process.cwd(),
    ignore: isForBuilding,
  });
  const engine = require.resolve("@prisma/schema-engine-wasm/schema_engine_bg");
  const wasm = relative(".", engine.replace(/\.js$/, ".wasm"));
  return [...listTraced(), ...fileList, wasm].filter((path) => !path.startsWith(".next"));
}

function listTraced() {
  const inBuild = /** @type {string[]} */ (readdirSync(".next", { recursive: true }));
  return inBuild
    .filter((path) => path.endsWith(".nft.json") && !/^(cache|node_modules)\b/.test(path))
    .flatMap((path) => {
      const folder = join(".next", dirname(path));
      const { files } = readJson(join(".next", path));
      return files.map((/** @type {string} */ file) => relative(".", resolve(folder, file)));
    });
}

/**
 * Next's server names it, and loads none of it in production.
 * @param {string} path
 */
function isForBuilding(path) {
  return /\/next\/dist\/(compiled\/(webpack|babel|jest-worker)|build\/(swc|webpack|babel)|server\/dev|lib\/upgrade)\b|\.d\.ts$|\.map$/.test(
    path,
  );
}

/**
 * @param {string} from
 * @param {string} to
 */
function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  // Links stay what they are: Next's point to packages, which lie where they did.
  const options = { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE };
  cpSync(from, to, options);
}

/**
 * A page of the former version asks for its scripts, wherever its next request goes.
 * @param {string} from
 * @param {string} to
 */
function copyMissing(from, to) {
  cpSync(from, to, { recursive: true, force: false });
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}
