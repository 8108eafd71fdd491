import { type AddressInfo, createServer, type Server, type Socket, connect as tcp } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startPostgresql } from "../../../scripts/postgresql-server.mjs";
import { adapterFactoryOf, openDatabase } from "./database";
import { isDatabaseFault } from "./fault";
import { applyMigrations } from "./migrate";

let server: Awaited<ReturnType<typeof startPostgresql>>;

beforeAll(async () => {
  server = await startPostgresql();
});
afterAll(() => server.stop());

test.each([
  ["a wrong password", { password: "w#ong" }, /refuses the password of latchkey; correct both/],
  ["an unknown user", { username: "nobody" }, /refuses the password of nobody; correct both/],
  ["an unknown database", { pathname: "/nowhere" }, /has no database nowhere; create it/],
  ["a port where nothing is", { port: "1" }, /no PostgreSQL answers at 127.0.0.1:1 \(.+\)/],
  ["a host that is none", { hostname: "nowhere.invalid" }, /no PostgreSQL answers at nowhere/],
  ["TLS that it does not speak", { search: "?sslmode=require" }, /no TLS with 127.0.0.1/],
])("%s is told in one line, without the password", async (_, change, message) => {
  const url = Object.assign(new URL(server.url), change);
  const refused = await adapterFactoryOf(url.href)
    .connect()
    .catch((error: Error) => error);
  expect(refused).toMatchObject({
    name: "DatabaseError",
    message: expect.stringMatching(message),
  });
  expect(refused).toMatchObject({ message: expect.not.stringMatching(/w#ong|w%23ong|\n/) });
});

test("a server that takes connections and is silent is told as well", async () => {
  const mute = createServer();
  await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
  const url = Object.assign(new URL(server.url), { port: String(portOf(mute)) });
  await expect(adapterFactoryOf(url.href).connect()).rejects.toThrow(/no PostgreSQL answers/);
  mute.close();
}, 10_000);

test("while the way to it is cut or silent, and when all connections are taken, it is the database's fault; then it goes on", async () => {
  const way = await openWay(Number(new URL(server.url).port));
  const url = Object.assign(new URL(server.url), {
    port: String(way.port),
    search: "?connection_limit=1",
  });
  const client = openDatabase(adapterFactoryOf(url.href));
  const ask = () => client.$queryRaw`SELECT 1 AS "one"`;
  expect(await ask()).toEqual([{ one: 1 }]);

  way.cut();
  expect(await faultOf(ask())).toBe(true);
  expect(await ask()).toEqual([{ one: 1 }]);

  const startedAt = performance.now();
  const long = client.$queryRaw`SELECT pg_sleep(30)::text`;
  await sleep(50);
  const waiting = faultOf(ask());
  expect(await faultOf(long)).toBe(true);
  await waiting;
  expect(performance.now() - startedAt).toBeLessThan(8_000);
  expect(await ask()).toEqual([{ one: 1 }]);

  way.silence(true);
  const silentSince = performance.now();
  expect(await faultOf(ask())).toBe(true);
  expect(performance.now() - silentSince).toBeLessThan(8_000);
  way.silence(false);
  expect(await ask()).toEqual([{ one: 1 }]);

  await client.$disconnect();
  way.close();
}, 30_000);

test("a migration leaves times in UTC, whatever the server thinks", async () => {
  const admin = await adapterFactoryOf(server.url).connect();
  await admin.executeScript(
    "CREATE DATABASE elsewhere; ALTER DATABASE elsewhere SET timezone = 'Asia/Tokyo'",
  );
  const url = Object.assign(new URL(server.url), { pathname: "/elsewhere" });
  const factory = adapterFactoryOf(url.href);
  await applyMigrations(factory);
  const client = openDatabase(factory);
  await client.$executeRaw`INSERT INTO "ConfiguredAdmin" ("hash") VALUES ('x')`;
  const { grantedAt } = await client.configuredAdmin.findFirstOrThrow();
  expect(Math.abs(grantedAt.getTime() - Date.now())).toBeLessThan(60_000);
  await client.$disconnect();
  await admin.executeScript("DROP DATABASE elsewhere WITH (FORCE)");
  await admin.dispose();
});

async function faultOf(asked: Promise<unknown>): Promise<boolean> {
  return await asked.then(() => false, isDatabaseFault);
}

/** Between the site and the server: what can happen to a network. */
async function openWay(to: number) {
  const sockets = new Set<Socket>();
  let isSilent = false;
  const way = createServer((here) => {
    const there = tcp(to, "127.0.0.1");
    for (const [one, other] of [
      [here, there],
      [there, here],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
      one.on("data", (data) => void (isSilent || other.write(data)));
    }
  });
  await new Promise<void>((resolve) => way.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    port: portOf(way),
    cut,
    silence: (silent: boolean) => {
      isSilent = silent;
      // What was swallowed never comes: as where a connection is gone and neither side knows.
      if (!silent) cut();
    },
    close: () => {
      cut();
      way.close();
    },
  };
}

function portOf(listening: Server): number {
  return (listening.address() as AddressInfo).port;
}
