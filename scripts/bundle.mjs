import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { Failure } from "./setup.mjs";

/**
 * Makes one runnable file of a TypeScript entry and of all of ours that it imports; packages stay
 * where they are. Returns false when there is an error in them, which has then been printed.
 * @param {string} entry
 * @param {string} outfile
 */
export function bundle(entry, outfile) {
  return build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    target: "node20",
    format: "esm",
    sourcemap: "linked",
  }).then(
    () => true,
    () => false,
  );
}

/**
 * Imports a TypeScript file of ours, which Node 20 cannot do itself.
 * @param {string} source
 */
export async function importTypeScript(source) {
  // Below node_modules, where packages are found.
  const outfile = resolve("node_modules/.cache/latchkey", `${basename(source, ".ts")}.mjs`);
  if (!(await bundle(source, outfile))) throw new Failure(`${source} has errors: see above.`);
  return await import(pathToFileURL(outfile).href);
}
