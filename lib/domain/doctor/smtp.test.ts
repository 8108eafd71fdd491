import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { expect, onTestFinished, test } from "vitest";
import { readEnvironment } from "@/lib/platform/environment";
import { testCertificate } from "@/lib/platform/test-certificate";
import { freePort } from "@/scripts/free-port.mjs";
import { examineSmtp } from "./smtp";

/** The same machine, by a name that is not its own: what goes there goes over a network. */
const elsewhere = "[::ffff:127.0.0.1]";
const trusting = `?tls.ca=${encodeURIComponent(testCertificate.cert)}`;
const unchecked = "?tls.rejectUnauthorized=false";

test("without a mail server, mails stay in the local mailbox", async () => {
  const site = readEnvironment({ AUTH_SECRET: "x".repeat(32) });
  expect(await examineSmtp(site)).toMatchObject([{ status: "ok", name: "smtp.local-mailbox" }]);
});

test("a server is believed by its certificate, and signed in to; the name of its variable is told", async () => {
  const port = await startServer();
  expect(await findingsOf(`smtp://ann:right@127.0.0.1:${port}${trusting}`)).toEqual([
    {
      check: "smtp",
      status: "ok",
      name: "smtp.signed-in",
      values: { server: `127.0.0.1:${port}`, variable: "SMTP_URL" },
    },
  ]);
  const secure = await startServer({ secure: true });
  expect(await namesOf(`smtps://ann:right@localhost:${secure}${trusting}`)).toEqual([
    "ok smtp.signed-in",
  ]);
});

test("a password that is refused, a certificate that nobody knows, a server that is not there", async () => {
  const port = await startServer();
  expect(await namesOf(`smtp://ann:wrong@127.0.0.1:${port}${trusting}`)).toEqual([
    "fault smtp.password",
  ]);
  expect(await namesOf(`smtp://ann:right@127.0.0.1:${port}`)).toEqual(["fault smtp.certificate"]);
  expect(await namesOf(`smtp://127.0.0.1:${await freePort()}`)).toEqual(["fault smtp.unreachable"]);
  expect(await namesOf("smtp://mail.invalid:587")).toEqual(["fault smtp.unresolved"]);
  const secure = await startServer({ secure: true });
  expect(await namesOf(`smtps://127.0.0.1:${secure}`)).toEqual(["fault smtp.certificate"]);
});

test("a fault is told in the server's words, and each server by itself", async () => {
  const port = await startServer();
  const found = await findingsOf(
    `smtp://127.0.0.1:${port}${trusting}`,
    `smtp://ann:wrong@127.0.0.1:${port}${trusting}`,
  );
  expect(found).toMatchObject([
    { name: "smtp.open", values: { variable: "SMTP_URL" } },
    { name: "smtp.password", values: { variable: "SMTP_URL_FALLBACK" } },
  ]);
  expect(found[1]?.values.answer).toBe("535 not ann");
});

test("what travels in the clear is told, but for this machine itself", async () => {
  const plain = await startServer({ disabledCommands: ["STARTTLS", "AUTH"] });
  expect(await namesOf(`smtp://127.0.0.1:${plain}`)).toEqual(["ok smtp.open"]);
  expect(await namesOf(`smtp://${elsewhere}:${plain}`)).toEqual(["warning smtp.unencrypted"]);
  expect(await namesOf(`smtp://ann:right@${elsewhere}:${plain}`)).toEqual(["fault smtp.no-tls"]);
  expect(await namesOf(`smtp://ann:right@127.0.0.1:${plain}`)).toEqual(["warning smtp.no-sign-in"]);
  const port = await startServer();
  expect(await namesOf(`smtp://ann:right@${elsewhere}:${port}${unchecked}`)).toEqual([
    "warning smtp.trusts-anybody",
  ]);
});

test("something else that listens there is no mail server", async () => {
  const server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  expect(await namesOf(`smtp://127.0.0.1:${port}`)).toEqual(["fault smtp.unusual"]);
});

/** A mail server that lets in Ann, and fails the test when anything is sent to it. */
async function startServer(options: SMTPServerOptions = {}): Promise<number> {
  const server = new SMTPServer({
    ...testCertificate,
    authOptional: true,
    disableReverseLookup: true,
    onAuth: ({ username, password }, _, done) =>
      password === "right"
        ? done(null, { user: username })
        : done(Object.assign(new Error(`not ${username}`), { responseCode: 535 })),
    onMailFrom: () => expect.unreachable("nothing is to be sent"),
    ...options,
  });
  // A client that does not believe the certificate hangs up in the middle.
  server.on("error", () => undefined);
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)));
  return (server.server.address() as AddressInfo).port;
}

async function namesOf(...urls: [string, string?]): Promise<string[]> {
  return (await findingsOf(...urls)).map(({ status, name }) => `${status} ${name}`);
}

async function findingsOf(url: string, fallback?: string) {
  const site = readEnvironment({
    AUTH_SECRET: "x".repeat(32),
    SMTP_URL: url,
    SMTP_URL_FALLBACK: fallback,
  });
  return await examineSmtp(site);
}
