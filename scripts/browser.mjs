import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { canUseApt, installWithApt } from "./apt.mjs";
import { isProgram, runNode, tools } from "./run.mjs";
import { Failure } from "./setup.mjs";

// The shell is Chromium without a window, and takes half the time.
const usualPlaces = [
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The path of a Chromium for the browser tests, which is installed if none is found. */
export async function ensureBrowser() {
  const found = await findBrowser();
  // A whole Chromium takes twice the time of its shell.
  if (found && !isShell(found) && !process.env.CHROMIUM_PATH && (await canUseApt()))
    await installWithApt("chromium-headless-shell");
  const path = (await findBrowser()) ?? (await installBrowser());
  if (path) return path;
  throw new Failure(
    "No Chromium was found, and none could be installed. Install Chromium or Chrome, " +
      "and set CHROMIUM_PATH to its program if it lies in an unusual place.",
  );
}

/** @param {string} path */
function isShell(path) {
  return /headless[-_]shell/.test(path);
}

/** The path of a Chromium that lies here, or null. */
export async function findBrowser() {
  const places = [process.env.CHROMIUM_PATH, ...(await listPlaywrightsOwn()), ...usualPlaces];
  return places.find((place) => place && isProgram(place)) ?? null;
}

async function listPlaywrightsOwn() {
  const { chromium } = await import("@playwright/test");
  try {
    const path = chromium.executablePath();
    return [...listShellsBeside(path), path];
  } catch {
    // Playwright has none for this system.
    return [];
  }
}

/**
 * Playwright says where its whole Chromium would lie, and keeps the shell of the same revision in the next folder.
 * @param {string} chromium
 */
function listShellsBeside(chromium) {
  const [, folders, revision] = /^(.*)chromium-(\d+)/.exec(chromium) ?? [];
  const folder = `${folders}chromium_headless_shell-${revision}`;
  if (!existsSync(folder)) return [];
  const names = ["chrome-headless-shell", "headless_shell"];
  return readdirSync(folder).flatMap((system) =>
    names.flatMap((name) => [join(folder, system, name), join(folder, system, `${name}.exe`)]),
  );
}

async function installBrowser() {
  console.log("Installing Chromium …");
  const isDownloaded = (await playwright("install", "--only-shell", "chromium")) === 0;
  if (await canUseApt()) {
    if (isDownloaded) await playwright("install-deps", "chromium");
    else await installTheSystemsOwn();
  }
  return findBrowser();
}

async function installTheSystemsOwn() {
  console.log("The download failed. Installing the system's own Chromium instead …");
  // Not every system that has apt has the shell as a package of its own.
  if (!(await installWithApt("chromium-headless-shell"))) await installWithApt("chromium");
}

/** @param {string[]} args */
function playwright(...args) {
  // Where the download cannot be reached, it might be tried for ever.
  return runNode(tools.playwright, args, { minutes: 5 });
}
