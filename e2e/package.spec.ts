import { execFile, execFileSync } from "node:child_process";
import { chmod, lstat, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { client } from "./support/http";
import { isSignedIn, signInOverHttp } from "./support/program";
import { startSite } from "./support/site";
import { expect, test } from "./support/test";

const megabyte = 1_000_000;

test("the production folder runs elsewhere, as another user, with all but its data read-only", async ({
  mailServer,
  visitor,
}) => {
  test.setTimeout(240_000);
  const folder = await mkdtemp(join(tmpdir(), "latchkey-package-"));
  try {
    const made = join(folder, "made");
    const moved = join(folder, "moved");
    await promisify(execFile)(process.execPath, ["scripts/package.mjs", made]);
    await rename(made, moved);
    const before = await forbidWriting(folder);
    expect(before.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(120 * megabyte);

    const env = { HOME: "/nonexistent", WEB_CONCURRENCY: "2" };
    const user = otherUser();
    const site = await startSite({ mailServer, folder: moved, user, clock: false, env });
    try {
      const program = client(site);
      await signInOverHttp(program, mailServer, visitor.email);
      expect(await isSignedIn(program)).toBe(true);
      const { body } = await program.get("/private");
      const [script = ""] = /\/_next\/static\/[^"\\]+\.js/.exec(body) ?? [];
      expect((await program.get(script)).status).toBe(200);
      const shown = await site.latchkey("users", "show", visitor.email, "--json");
      expect(shown.json(), shown.stderr).toMatchObject({ email: visitor.email, sessions: 1 });
      expect(await site.kill("SIGTERM")).toEqual({ code: 0, signal: null });
      expect(site.output()).not.toMatch(/EACCES|EROFS|ENOENT/);
    } finally {
      await site.stop();
    }
    expect(await listAll(folder)).toEqual(before);
  } finally {
    for (const { path, isFolder } of await listAll(folder)) if (isFolder) await chmod(path, 0o755);
    await rm(folder, { recursive: true });
  }
});

/** Who owns nothing; without the rights to be somebody else, this user, who may not write there either. */
function otherUser() {
  if (process.getuid?.() !== 0) return undefined;
  const ask = (what: string) => Number(execFileSync("id", [what, "nobody"], { encoding: "utf8" }));
  return { uid: ask("-u"), gid: ask("-g") };
}

async function forbidWriting(folder: string) {
  for (const { path, isFolder, isLink } of await listAll(folder))
    if (!isLink) await chmod(path, isFolder ? 0o555 : 0o444);
  await chmod(folder, 0o555);
  return await listAll(folder);
}

async function listAll(folder: string) {
  const entries = await readdir(folder, { recursive: true });
  return await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry);
      const stats = await lstat(path);
      const { size, mtimeMs } = stats;
      return { path, size, mtimeMs, isFolder: stats.isDirectory(), isLink: stats.isSymbolicLink() };
    }),
  );
}
