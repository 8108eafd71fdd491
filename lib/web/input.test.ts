import { expect, test } from "vitest";
import { checkbox, readInput } from "./input";
import { Problem } from "./problem";

const urlencoded = "application/x-www-form-urlencoded";
const json = "application/json";
const limit = 64 * 1024;

test("a form gives its fields", async () => {
  const body = "email=ann%40example.org&next=%2Fa+b&empty=";
  const fields = { email: "ann@example.org", next: "/a b", empty: "" };
  expect(await readInput(post(urlencoded, body))).toEqual(fields);
  expect(await readInput(post(`${urlencoded}; charset=UTF-8`, body))).toEqual(fields);
  expect(await readInput(post("Application/X-WWW-Form-Urlencoded", body))).toEqual(fields);
});

test("a multipart form gives its fields", async () => {
  const form = new FormData();
  form.set("email", "änn@example.org");
  form.set("next", "/a");
  const request = new Request("http://localhost", { method: "POST", body: form });
  expect(await readInput(request)).toEqual({ email: "änn@example.org", next: "/a" });
});

test("a JSON object gives its fields", async () => {
  const fields = { email: "ann@example.org", remember: true, nested: [{}] };
  expect(await readInput(post(json, JSON.stringify(fields)))).toEqual(fields);
  expect(await readInput(post(`${json}; charset=utf-8`, JSON.stringify(fields)))).toEqual(fields);
});

test("a field that came twice is a list", async () => {
  expect(await readInput(post(urlencoded, "a=1&b=2&a=3"))).toEqual({ a: ["1", "3"], b: "2" });
});

test("a field cannot reach into what every object has", async () => {
  for (const request of [
    post(json, '{"__proto__":{"admin":true}}'),
    post(urlencoded, "__proto__=admin&constructor=a"),
  ]) {
    const fields = await readInput(request);
    expect(Object.getPrototypeOf(fields)).toBe(Object.prototype);
    expect(fields).not.toHaveProperty("admin");
  }
});

test.each(["", "[]", "null", "1", '"text"', "{", "{} {}", '{"a":\xFF}', "email=ann@example.org"])(
  "%j is no JSON object",
  async (body) => {
    await expect(readInput(post(json, Buffer.from(body, "latin1")))).rejects.toMatchObject({
      status: 400,
    });
  },
);

test.each([
  ["multipart/form-data", "--a\r\n"],
  ["multipart/form-data; boundary=a", "email=ann@example.org"],
  [
    "multipart/form-data; boundary=a",
    '--a\r\nContent-Disposition: form-data; name="email"\r\n\r\n',
  ],
])("a broken form is told: %s %j", async (type, body) => {
  await expect(readInput(post(type, body))).rejects.toMatchObject({ status: 400 });
});

test.each(["", "text/plain", "text/json", "application/xml", "application/jsonp", "nonsense"])(
  "the type %j is not supported",
  async (type) => {
    await expect(readInput(post(type, "{}"))).rejects.toMatchObject({ status: 415 });
  },
);

test("a body of 64 KB is read, and one byte more is too large", async () => {
  const body = `a=${"b".repeat(limit - 2)}`;
  expect(await readInput(post(urlencoded, body))).toEqual({ a: "b".repeat(limit - 2) });
  await expect(readInput(post(urlencoded, `${body}b`))).rejects.toMatchObject({ status: 413 });
});

test("what calls itself too large is refused unread", async () => {
  const { request, pulled } = endless({ "content-length": String(limit + 1) });
  await expect(readInput(request)).rejects.toMatchObject({ status: 413 });
  expect(pulled()).toBeLessThanOrEqual(1024);
});

test.each<Record<string, string>>([
  {},
  { "content-length": "10" },
  { "content-length": "rubbish" },
])(
  "a body that never ends is read up to the limit, whatever it says of itself: %j",
  async (headers) => {
    const { request, pulled } = endless(headers);
    await expect(readInput(request)).rejects.toMatchObject({ status: 413 });
    expect(pulled()).toBeLessThanOrEqual(limit + 2 * 1024);
  },
);

test("a refusal says what to do", async () => {
  const refusal = await readInput(post("text/plain", "")).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(Problem);
  expect(refusal).toHaveProperty("detail", expect.stringMatching(/^Send a form or JSON/));
});

test("a checkbox is on or off, in the words of forms and of programs", () => {
  for (const on of ["on", "true", "1", true]) expect(checkbox.parse(on)).toBe(true);
  for (const off of ["off", "false", "0", "", false, undefined])
    expect(checkbox.parse(off)).toBe(false);
  for (const neither of ["yes", "ON", 1, null, ["on", "on"]])
    expect(checkbox.safeParse(neither).success).toBe(false);
});

function post(type: string, body: string | Uint8Array<ArrayBuffer>): Request {
  const headers = { "content-type": type };
  return new Request("http://localhost", { method: "POST", headers, body });
}

/** A body that comes in chunks of 1 KB for as long as it is read. */
function endless(headers: Record<string, string>) {
  let count = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      count += 1024;
      controller.enqueue(new Uint8Array(1024).fill(97));
    },
  });
  const request = new Request("http://localhost", {
    method: "POST",
    headers: { "content-type": urlencoded, ...headers },
    body,
    ...{ duplex: "half" },
  });
  return { request, pulled: () => count };
}
