import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { readEnvironment } from "@/lib/platform/environment";
import { requestContext } from "@/lib/platform/request-context";
import { answerWith } from "./listener";

const site = readEnvironment({ AUTH_SECRET: "a secret of at least 32 characters" });
const renewed = "session_id=renewed; Path=/; HttpOnly";

test("a cookie that a look at the session renews is set with the answer", async () => {
  expect(await cookiesOf([renewed], [])).toEqual([renewed]);
});

test("cookies of other names are set beside it", async () => {
  const others = ["sign_in_browser=1; Path=/", "session_id_2=2", "xsession_id=3"];
  expect(await cookiesOf([renewed], others)).toEqual([...others, renewed]);
  expect(await cookiesOf([renewed], ["sign_in_browser=1"])).toEqual(["sign_in_browser=1", renewed]);
});

test("signing out, or in again, goes before it", async () => {
  for (const own of ["session_id=; Max-Age=0; Path=/", "session_id=another; Path=/"]) {
    expect(await cookiesOf([renewed], [own])).toEqual([own]);
    expect(await cookiesOf([renewed], ["other=1", own])).toEqual(["other=1", own]);
  }
});

test("the prefix is part of the name", async () => {
  const line = "__Host-session_id=renewed; Path=/";
  expect(await cookiesOf([line], ["__Host-session_id=; Max-Age=0"])).toEqual([
    "__Host-session_id=; Max-Age=0",
  ]);
  expect(await cookiesOf([line], ["session_id=other"])).toEqual(["session_id=other", line]);
});

test("an answer that sets none, sets none", async () => {
  expect(await cookiesOf(undefined, [])).toEqual([]);
});

test("a cookie of one request is not set by the answer to another", async () => {
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, index) => cookiesOf([`session_id=${index}`], [])),
  );
  expect(all).toEqual(Array.from({ length: 20 }, (_, index) => [`session_id=${index}`]));
});

/** What is set by an answer that sets cookies of its own, when others are noted for it. */
async function cookiesOf(noted: string[] | undefined, own: string[]): Promise<string[]> {
  const listener = answerWith(async (_, response) => {
    const context = requestContext();
    if (context && noted) context.setCookies = noted;
    if (own.length > 0) response.setHeader("set-cookie", own.length === 1 ? (own[0] ?? "") : own);
    response.end("answered");
  }, site);
  const server = createServer(listener).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/`);
  expect(await response.text()).toBe("answered");
  return response.headers.getSetCookie();
}
