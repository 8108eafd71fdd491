import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { canUseApt, disableServices, installWithApt } from "./apt.mjs";
import { isProgram } from "./run.mjs";
import { Failure } from "./setup.mjs";

/**
 * What others have made and tests speak with: proxies in front of the site, another library that reads our tokens.
 * @typedef {"nginx" | "caddy" | "openssl" | "python"} Peer
 * @type {Record<Peer, { name: string, packages: string[], find: () => string | undefined }>}
 */
const peers = {
  nginx: { name: "nginx", packages: ["nginx"], find: () => listPrograms("nginx")[0] },
  caddy: { name: "Caddy", packages: ["caddy"], find: () => listPrograms("caddy")[0] },
  openssl: { name: "openssl", packages: ["openssl"], find: () => listPrograms("openssl")[0] },
  python: {
    name: "Python 3 with PyJWT and cryptography",
    packages: ["python3-jwt", "python3-cryptography"],
    find: () => listPrograms("python3").find(hasPyJwt),
  },
};

/**
 * The path of a program that lies here, or null.
 * @param {Peer} peer
 */
export function findPeer(peer) {
  return peers[peer].find() ?? null;
}

/**
 * Installs what is missing.
 * @returns {Promise<string[]>} what has to be left out, where we cannot install anything
 */
export async function ensurePeers() {
  const missing = listMissing();
  if (missing.length === 0 || !(await canUseApt())) return missing.map(nameOf);
  await install(missing);
  const left = listMissing();
  if (left.length === 0) return [];
  const packages = left.flatMap((peer) => peers[peer].packages).join(" ");
  throw new Failure(
    `The browser tests need ${left.map(nameOf).join(", ")}. Install: sudo apt-get install ${packages}`,
  );
}

function listMissing() {
  const all = /** @type {Peer[]} */ (Object.keys(peers));
  return all.filter((peer) => findPeer(peer) === null);
}

/** @param {Peer} peer */
function nameOf(peer) {
  return peers[peer].name;
}

/** @param {Peer[]} missing */
async function install(missing) {
  console.log(`Installing ${missing.map(nameOf).join(", ")} …`);
  await installWithApt(...missing.flatMap((peer) => peers[peer].packages));
  await disableServices(...missing.filter((peer) => peer === "nginx" || peer === "caddy"));
}

/** @param {string} name */
function listPrograms(name) {
  // Debian keeps servers where only an administrator looks.
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/bin", "/usr/sbin"];
  return folders.map((folder) => join(folder, name)).filter(isProgram);
}

/** @param {string} python */
function hasPyJwt(python) {
  return spawnSync(python, ["-c", "import jwt, cryptography"]).status === 0;
}
