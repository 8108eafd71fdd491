import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findPeer } from "../../scripts/peers.mjs";
import { client } from "./http";
import { startProcess } from "./server-process";

const deploy = fileURLToPath(new URL("../../docs/deploy", import.meta.url));
const readyWithinMs = 10_000;

/** Where a proxy listens, and what is behind it. */
export interface ProxyPorts {
  http: number;
  https: number;
  /** The site. */
  latchkey: number;
  /** The plain server that it guards. */
  files: number;
}

/** A reverse proxy that runs with the file of the documentation. */
export interface RunningProxy {
  /** Who vouches for its certificate, as PEM. */
  readonly authority: string;
  stop(): Promise<void>;
}

interface ProxyKind {
  name: string;
  program: string;
  /** Writes what it needs into a folder, with the file of the documentation changed in addresses and paths alone. */
  prepare(folder: string, ports: ProxyPorts): Promise<{ args: string[]; authorityFile: string }>;
}

/** The proxies that are installed here. */
export function listProxies(): ProxyKind[] {
  const nginx = findPeer("nginx");
  const openssl = findPeer("openssl");
  const caddy = findPeer("caddy");
  return [
    ...(nginx && openssl ? [nginxWith(nginx, openssl)] : []),
    ...(caddy ? [{ name: "Caddy", program: caddy, prepare: prepareCaddy }] : []),
  ];
}

/** Starts one, and waits until it answers. */
export async function startProxy(kind: ProxyKind, ports: ProxyPorts): Promise<RunningProxy> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-proxy-"));
  const { args, authorityFile } = await kind.prepare(folder, ports);
  let output = "";
  const running = startProcess(args, {
    program: kind.program,
    cwd: folder,
    env: { HOME: folder, PATH: process.env.PATH, NODE_ENV: "production" },
    onOutput: (text) => {
      output += text;
    },
  });

  async function stop() {
    await running.stop();
    await rm(folder, { recursive: true });
  }

  const deadline = Date.now() + readyWithinMs;
  while (Date.now() < deadline && !running.ending) {
    const authority = await readFile(authorityFile, "utf8").catch(() => "");
    if (authority && (await answers(ports, authority))) return { authority, stop };
    await pause(50);
  }
  await stop();
  throw new Error(`${kind.name} did not get ready. It wrote:\n${output}`);
}

function answers({ https }: ProxyPorts, authority: string): Promise<boolean> {
  return client({ url: `https://www.example.org:${https}`, authority })
    .get("/healthz")
    .then(() => true)
    .catch(() => false);
}

function nginxWith(program: string, openssl: string): ProxyKind {
  return {
    name: "nginx",
    program,
    async prepare(folder, ports) {
      const certificate = join(folder, "certificate.pem");
      const key = join(folder, "key.pem");
      await promisify(execFile)(openssl, [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
        ...["-subj", "/CN=example.org", "-addext", "subjectAltName=DNS:*.example.org"],
        ...["-keyout", key, "-out", certificate],
      ]);
      const file = join(folder, "nginx.conf");
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((what) => `${what}_temp_path ${join(folder, what)};`)
        .join(" ");
      const text = await readDocumented("nginx.conf", ports, [
        [/listen \[::\]:.*\n/g, ""],
        [/listen 80\b/g, `listen 127.0.0.1:${ports.http}`],
        [/listen 443\b/g, `listen 127.0.0.1:${ports.https}`],
        [/\/run\/|\/var\/log\/nginx\//g, `${folder}/`],
        [/\/etc\/\S+\/fullchain\.pem/g, certificate],
        [/\/etc\/\S+\/privkey\.pem/g, key],
        [/^http \{/m, `http { ${temporary}`],
      ]);
      await writeFile(file, text);
      // One process, so that ending it ends it all.
      const alone = "daemon off; master_process off;";
      const args = ["-p", folder, "-e", join(folder, "error.log"), "-c", file, "-g", alone];
      return { args, authorityFile: certificate };
    },
  };
}

async function prepareCaddy(folder: string, ports: ProxyPorts) {
  const file = join(folder, "Caddyfile");
  const here = `admin off\nlocal_certs\nskip_install_trust\ndefault_bind 127.0.0.1\nhttp_port ${ports.http}\nhttps_port ${ports.https}\nstorage file_system ${folder}`;
  await writeFile(file, await readDocumented("Caddyfile", ports, [[/^\{\n/m, `{\n${here}\n`]]));
  return {
    args: ["run", "--adapter", "caddyfile", "--config", file],
    authorityFile: join(folder, "pki/authorities/local/root.crt"),
  };
}

/** Each change must find what it changes: or else the test would go by another file than readers do. */
async function readDocumented(
  name: string,
  { latchkey, files }: ProxyPorts,
  changes: [RegExp, string][],
): Promise<string> {
  let text = await readFile(join(deploy, name), "utf8");
  for (const [what, by] of [
    [/127\.0\.0\.1:3000/g, `127.0.0.1:${latchkey}`] as const,
    [/127\.0\.0\.1:8080/g, `127.0.0.1:${files}`] as const,
    ...changes,
  ]) {
    if (text.search(what) < 0) throw new Error(`${name} has no ${what}`);
    text = text.replace(what, by);
  }
  return text;
}
