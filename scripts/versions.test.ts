import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

import { listMissing } from "./complete-lockfile.mjs";

type Lockfile = { packages: Record<string, { version?: string; resolved?: string }> };

const lockfile: Lockfile = JSON.parse(readFileSync("package-lock.json", "utf8"));
const table = readFileSync("docs/minimum-versions.md", "utf8");
const minimums = [...table.matchAll(/^\| (@?[\w/-]+) +\| (\d\S*) +\|/gm)].map(
  ([, name = "", version = ""]) => ({ name, version }),
);

test("the table of minimum versions is read", () => {
  expect(minimums.length).toBeGreaterThan(4);
});

test.each(minimums)("every installed $name is at least $version", ({ name, version }) => {
  const installed = Object.entries(lockfile.packages)
    .filter(([path]) => path.endsWith(`node_modules/${name}`))
    .map(([, { version = "" }]) => version);
  expect(installed.length).toBeGreaterThan(0);
  for (const one of installed) expect(compare(one, version), one).toBeGreaterThanOrEqual(0);
});

test("the lockfile holds no download addresses", () => {
  const addresses = Object.values(lockfile.packages).map(({ resolved }) => resolved);
  expect(addresses.filter((address) => address?.startsWith("http"))).toEqual([]);
});

test("the lockfile names the packages of every system (npm run lockfile)", () => {
  expect(listMissing(lockfile.packages)).toEqual([]);
});

function compare(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}
