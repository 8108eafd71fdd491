import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBrowser } from "./browser.mjs";
import { ensurePeers } from "./peers.mjs";
import { endWithNpm, runNode, tools } from "./run.mjs";
import {
  ensureBuild,
  ensureClients,
  ensureEnvironment,
  ensurePackages,
  Failure,
  tell,
} from "./setup.mjs";

/** @typedef {{ passed: number, failed: number }} Count */
/** @type {(Count & { name: string, seconds: number })[]} */
const steps = [];
/** @type {string[]} */
let leftOut = [];
const isFast = process.argv.includes("--fast");
const results = mkdtempSync(join(tmpdir(), "latchkey-test-"));

process.chdir(`${import.meta.dirname}/..`);
endWithNpm();
await runSteps();
rmSync(results, { recursive: true });
report();

async function runSteps() {
  const isSetUp = await step("set-up", setUp);
  if (!isSetUp) return;
  // Downloads take their time, which the other steps can use.
  const ready = isFast ? null : prepareBrowserTests();
  ready?.catch(() => undefined);
  const isBuilt = isFast || (await step("build", build));

  await step("formatting and lint", () => check(tools.biome, "check", "."));
  await step("types", checkTypes);
  await step("dead code", () => check(tools.knip));
  await step("unit tests", runUnitTests);
  if (isBuilt && ready) await step("browser tests", async () => runBrowserTests(await ready));
}

/**
 * Runs one step and keeps its count. Whatever goes wrong in it, the next ones still run.
 * @param {string} name
 * @param {() => Promise<Count>} work
 */
async function step(name, work) {
  console.log(`\n── ${name}`);
  const startedAt = performance.now();
  const count = await work().catch((error) => {
    tell(error);
    return { passed: 0, failed: 1 };
  });
  steps.push({ name, ...count, seconds: (performance.now() - startedAt) / 1000 });
  return count.failed === 0;
}

async function setUp() {
  await ensurePackages();
  ensureEnvironment();
  await ensureClients();
  return { passed: 0, failed: 0 };
}

async function build() {
  await ensureBuild();
  return { passed: 0, failed: 0 };
}

/**
 * @param {string} tool
 * @param {string[]} args
 */
async function check(tool, ...args) {
  const exitCode = await runNode(tool, args);
  return exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function checkTypes() {
  // The types of routes: without a fresh build they are missing, or those of other routes.
  const routes = await check(tools.next, "typegen");
  return routes.failed ? routes : check(tools.tsc, "--noEmit");
}

async function runUnitTests() {
  const file = join(results, "unit.json");
  const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const exitCode = await runNode(tools.vitest, args, { env: { NODE_ENV: "test" } });
  /** @type {{ assertionResults: { status: string, failureMessages: string[] }[] }[]} */
  const files = readReport(file).testResults;
  const tests = files.flatMap((file) => file.assertionResults);
  // One that passed only when it was tried again keeps its first failures.
  const passed = tests.filter((test) => test.status === "passed" && !test.failureMessages.length);
  const unloadable = files.filter((file) => !file.assertionResults.length);
  return count(exitCode, passed.length, tests.length - passed.length + unloadable.length);
}

/** @returns the path of the browser */
async function prepareBrowserTests() {
  leftOut = await ensurePeers();
  return await ensureBrowser();
}

/** @param {string} browser */
async function runBrowserTests(browser) {
  const file = join(results, "browser.json");
  const env = { CHROMIUM_PATH: browser, PLAYWRIGHT_JSON_OUTPUT_FILE: file };
  const exitCode = await runNode(tools.playwright, ["test", "--reporter=list,json"], { env });
  const { expected, unexpected, flaky, skipped } = readReport(file).stats;
  return count(exitCode, expected, unexpected + flaky + skipped);
}

/** @param {string} file */
function readReport(file) {
  if (!existsSync(file)) throw new Failure("The runner ended without a report.");
  return JSON.parse(readFileSync(file, "utf8"));
}

/**
 * No test run at all is a failure, and so is one outside of any test, which only the exit code tells.
 * @param {number} exitCode
 * @param {number} passed
 * @param {number} failed everything that did not pass: skipped and flaky tests too
 */
function count(exitCode, passed, failed) {
  const isFailedElsewhere = failed === 0 && (passed === 0 || exitCode !== 0);
  return { passed, failed: isFailedElsewhere ? 1 : failed };
}

function report() {
  console.log(`\n${"step".padEnd(20)}   passed  failed      time`);
  for (const { name, passed, failed, seconds } of steps) {
    const columns = [passed, failed].map((number) => String(number).padStart(6)).join("  ");
    console.log(`${name.padEnd(20)}   ${columns}  ${seconds.toFixed(1).padStart(6)} s`);
  }
  const passed = steps.reduce((sum, step) => sum + step.passed, 0);
  const failed = steps.reduce((sum, step) => sum + step.failed, 0);
  for (const name of leftOut) console.log(`left out: ${name} is not installed`);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
