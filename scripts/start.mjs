import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { serverFile } from "./build-stamp.mjs";
import { endWithNpm } from "./run.mjs";
import { ensureBuild, ensureEnvironment, ensurePackages, tell } from "./setup.mjs";

process.chdir(`${import.meta.dirname}/..`);
endWithNpm();

try {
  await ensurePackages();
  ensureEnvironment();
  await ensureBuild();
} catch (error) {
  tell(error);
  process.exit(1);
}

// In this same process, so that a process manager's signals reach the server.
Object.assign(process.env, { NODE_ENV: "production" });
await import(pathToFileURL(resolve(serverFile)).href);
