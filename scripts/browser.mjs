import { accessSync, constants, existsSync } from "node:fs";
import { run, runNode, tools } from "./run.mjs";
import { Failure } from "./setup.mjs";

const usualPlaces = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The path of a Chromium for the browser tests, which is installed if none is found. */
export async function ensureBrowser() {
  const path = (await findBrowser()) ?? (await installBrowser());
  if (path) return path;
  throw new Failure(
    "No Chromium was found, and none could be installed. Install Chromium or Chrome, " +
      "and set CHROMIUM_PATH to its program if it lies in an unusual place.",
  );
}

/** The path of a Chromium that lies here, or null. */
export async function findBrowser() {
  const places = [process.env.CHROMIUM_PATH, await findPlaywrightsOwn(), ...usualPlaces];
  return places.find(isProgram) ?? null;
}

async function findPlaywrightsOwn() {
  const { chromium } = await import("@playwright/test");
  try {
    return chromium.executablePath();
  } catch {
    // Playwright has none for this system.
    return undefined;
  }
}

/** @param {string | undefined} path */
function isProgram(path) {
  if (!path) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function installBrowser() {
  console.log("Installing Chromium …");
  const isDownloaded = (await playwright("install", "chromium")) === 0;
  if (await canUseApt()) {
    if (isDownloaded) await playwright("install-deps", "chromium");
    else await installWithApt();
  }
  return findBrowser();
}

/** @param {string[]} args */
function playwright(...args) {
  // Where the download cannot be reached, it might be tried for ever.
  return runNode(tools.playwright, args, { minutes: 5 });
}

/** Whether this is a Debian or the like, and we may install there without being asked anything. */
async function canUseApt() {
  if (!existsSync("/usr/bin/apt-get")) return false;
  return isRoot() || (await run("sudo", ["--non-interactive", "true"], { quiet: true })) === 0;
}

async function installWithApt() {
  console.log("The download failed. Installing the system's own Chromium instead …");
  if ((await apt("update")) === 0) await apt("install", "--yes", "chromium");
}

/** @param {string[]} args */
function apt(...args) {
  const command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", ...args];
  return isRoot() ? run("/usr/bin/env", command.slice(1)) : run("sudo", command);
}

function isRoot() {
  return process.getuid?.() === 0;
}
