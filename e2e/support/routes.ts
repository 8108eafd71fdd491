import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const app = fileURLToPath(new URL("../../app", import.meta.url));

/** A page or a handler of the site, as its file says. */
export interface Route {
  path: string;
  kind: "page" | "handler";
  source: string;
}

/** Every page and handler that there is, found by its file. */
export function listRoutes(): Route[] {
  return readdirSync(app, { recursive: true, encoding: "utf8" })
    .filter((file) => /(^|\/)(page|route)\.(tsx?|jsx?|mjs)$/.test(file))
    .map((file) => ({
      path: `/${dirname(file) === "." ? "" : dirname(file)}`,
      kind: /(^|\/)page\.\w+$/.test(file) ? ("page" as const) : ("handler" as const),
      source: readFileSync(join(app, file), "utf8"),
    }))
    .sort((one, other) => one.path.localeCompare(other.path));
}

/** The methods by which a page or handler is asked, `HEAD` and `OPTIONS` aside. */
export function methodsOf({ kind, source }: Route): ("GET" | "POST")[] {
  if (kind === "page") return ["GET"];
  return (["GET", "POST"] as const).filter((method) => RegExp(`^ +${method}: `, "m").test(source));
}

/** The names that a file imports from anywhere. */
export function importsOf({ source }: Route): string[] {
  return [...source.matchAll(/\bimport\s+(?:type\s+)?\{([^}]*)\}/g)].flatMap(([, names = ""]) =>
    names.split(",").map((name) => name.replace(/^\s*type\s|\sas\s.*$/g, "").trim()),
  );
}
