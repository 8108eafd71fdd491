import { fork } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "esbuild";
import { expect, onTestFinished, test } from "vitest";
import { countSignIn } from "./metrics";
import { readMetrics } from "./metrics-cluster";

test("a process by itself tells what it has counted", async () => {
  countSignIn("code", "refused");
  expect(await readMetrics()).toContain(
    'latchkey_sign_ins_total{way="code",outcome="refused"} 1\n',
  );
});

test("any process of a cluster tells the sum over all of them", async () => {
  const texts = await runCluster();
  for (const text of texts) {
    expect(text).toContain('latchkey_sign_ins_total{way="link",outcome="signed_in"} 6\n');
    expect(text).toContain('latchkey_database_query_duration_seconds_count{operation="read"} 3\n');
    expect(text).toContain('le="0.0025",operation="read"} 3\n');
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  }
  expect(texts).toHaveLength(3);
}, 30_000);

/** Three processes, of which the first counts one sign-in, the second two, and the third three; what each tells. */
async function runCluster(): Promise<string[]> {
  // Below node_modules, where the packages are found.
  const outfile = resolve(`node_modules/.cache/latchkey/metrics-${process.pid}.mjs`);
  onTestFinished(() => rmSync(outfile));
  const contents = `
    import cluster from "node:cluster";
    import { collectProcessMetrics, countSignIn, metrics } from "./lib/platform/metrics";
    import { answerMetricsOfAll, joinMetricsOfAll, readMetrics } from "./lib/platform/metrics-cluster";
    if (cluster.isPrimary) {
      answerMetricsOfAll();
      const workers = [1, 2, 3].map((count) => cluster.fork({ COUNT: count }));
      const texts = [];
      let ready = 0;
      cluster.on("message", (worker, { isReady, text }) => {
        if (isReady && ++ready === 3) for (const each of workers) each.send("tell");
        if (text !== undefined && texts.push(text) === 3) process.send(texts, () => process.exit());
      });
    } else {
      joinMetricsOfAll();
      collectProcessMetrics();
      for (let done = 0; done < process.env.COUNT; done++) countSignIn("link", "signed_in");
      metrics.databaseTime.observe({ operation: "read" }, 0.002);
      process.on("message", async (told) => {
        if (told === "tell") process.send({ text: await readMetrics() });
      });
      process.send({ isReady: true });
    }`;
  await build({
    stdin: { contents, resolveDir: process.cwd(), loader: "ts" },
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
  });
  const primary = fork(outfile, { execArgv: [] });
  const [texts] = await once(primary, "message");
  await once(primary, "exit");
  return texts.filter((text: string) => text.length > 0);
}
