import { existsSync } from "node:fs";
import { run } from "./run.mjs";

/** Whether this is a Debian or the like, and we may install there without being asked anything. */
export async function canUseApt() {
  if (!existsSync("/usr/bin/apt-get")) return false;
  return isRoot() || (await run("sudo", ["--non-interactive", "true"], { quiet: true })) === 0;
}

/**
 * Installs Debian packages, and says whether they are there now.
 * @param {string[]} packages
 */
export async function installWithApt(...packages) {
  isListFresh ||= (await apt("update")) === 0;
  return isListFresh && (await apt("install", "--yes", ...packages)) === 0;
}

let isListFresh = false;

/** @param {string[]} args */
function apt(...args) {
  return asRoot("env", ["DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", ...args]);
}

/**
 * A package makes a service of its server. Nobody has asked for one that runs from now on.
 * @param {string[]} services
 */
export async function disableServices(...services) {
  if (services.length === 0 || !existsSync("/run/systemd/system")) return;
  await asRoot("systemctl", ["disable", "--now", ...services]);
}

/**
 * @param {string} program
 * @param {string[]} args
 */
function asRoot(program, args) {
  return isRoot() ? run(program, args) : run("sudo", [program, ...args]);
}

function isRoot() {
  return process.getuid?.() === 0;
}
