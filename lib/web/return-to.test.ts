import fc from "fast-check";
import { expect, test } from "vitest";
import { safeReturnTo, signInAddress, signInPath } from "./return-to";

const siteUrl = "https://example.org";
const allowedOrigin = "https://app.example.org";
process.env.AUTH_SECRET = "a secret of at least 32 characters";
process.env.SITE_URL = siteUrl;
process.env.SMTP_URL = "smtp://mail.example.org";
process.env.ALLOWED_ORIGINS = `${allowedOrigin},http://localhost:5173`;
process.env.AFTER_SIGN_IN_URL = "/private";
process.env.COOKIE_DOMAIN = "example.org";

test.each([
  "/",
  "/account",
  "/a/b?c=d&e=%2F#f",
  "/search?q=//evil.example",
  "/search?next=https://evil.example",
  "/%2F/evil.example",
  "/@evil.example",
  "/javascript:alert(1)",
  "/a//b",
])("the path %s of this site is kept", (next) => {
  expect(safeReturnTo(next)).toBe(next);
});

test.each([
  ["https://example.org/account?a#b", "/account?a#b"],
  ["https://EXAMPLE.org:443/account", "/account"],
  ["/a/../b", "/b"],
  ["/a b", "/a%20b"],
  ["/über", "/%C3%BCber"],
  ["/a\r\nSet-Cookie: b=c", "/aSet-Cookie:%20b=c"],
  ["https:/account", "/account"],
  ["https:evil.example\\@example.org", "/evil.example/@example.org"],
])("%j leads to %s", (next, path) => {
  expect(safeReturnTo(next)).toBe(path);
});

test.each([
  ["https://app.example.org/welcome?a=b#c", "https://app.example.org/welcome?a=b#c"],
  ["HTTPS://App.Example.org", "https://app.example.org/"],
  ["http://localhost:5173/a", "http://localhost:5173/a"],
])("an allowed origin is gone to: %s", (next, address) => {
  expect(safeReturnTo(next)).toBe(address);
});

test.each([
  undefined,
  null,
  "",
  " ",
  "account",
  "./account",
  "?a=b",
  "#a",
  " /account",
  // Other sites, as browsers read them.
  "//evil.example",
  "///evil.example",
  "/\\evil.example",
  "\\\\evil.example",
  "/\t/evil.example",
  "/\n/evil.example",
  "\t//evil.example",
  "/.//evil.example",
  "/..//evil.example",
  "/a/..//evil.example",
  "/./\\evil.example",
  "/%2e//evil.example",
  "https://evil.example",
  "https:/\\evil.example",
  // Look-alikes of this site and of the allowed one.
  "http://example.org/account",
  "https://example.org:8443/account",
  "https://example.org.evil.example",
  "https://example.org@evil.example",
  "https://example.org%40evil.example",
  "https://app.example.org.evil.com",
  "https://app.example.org:8443/",
  "http://app.example.org/",
  "https://user@app.example.org/",
  "https://user:password@app.example.org/",
  "https://app.example.org@evil.example/",
  "https://evil.example#@app.example.org/",
  "https://evil.example\\@app.example.org/",
  "https://other.example.org/",
  "http://localhost:5174/",
  // No addresses of pages.
  "javascript:alert(1)",
  "JavaScript:alert(1)//https://example.org",
  "java\nscript:alert(1)",
  "data:text/html,hello",
  "blob:https://example.org/1",
  "view-source:https://example.org/",
  "mailto:ann@example.org",
  "file:///etc/hosts",
  "https://",
  "https://[",
  "http://%00",
  `/${"a".repeat(2000)}`,
  `/${"%2e".repeat(100_000)}`,
])("%j leads to the private page", (next) => {
  expect(safeReturnTo(next)).toBe("/private");
});

test("wherever it leads, it is this site or an allowed origin, in plain characters", () => {
  const parts = fc.constantFrom(
    ..."/\\.:@?#%\t\r\n ",
    "//",
    "..",
    "%2F",
    "%5c",
    "https:",
    "http:",
    "javascript:",
    "evil.example",
    "example.org",
    "app.example.org",
    "localhost:5173",
    "a",
    "。",
    "／",
    "[::1]",
  );
  const anyText = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.array(parts, { maxLength: 12 }).map((list) => list.join("")),
    fc.array(parts, { maxLength: 12 }).map((list) => `/${list.join("")}`),
    fc.array(parts, { maxLength: 12 }).map((list) => `https://${list.join("")}`),
  );
  const homes = [siteUrl, allowedOrigin, "http://localhost:5173"];
  fc.assert(
    fc.property(anyText, (next) => {
      const result = safeReturnTo(next);
      return (
        homes.includes(new URL(result, siteUrl).origin) &&
        homes.includes(new URL(result, `${siteUrl}/a/b/c`).origin) &&
        /^[!-~]+$/.test(result) &&
        safeReturnTo(result) === result
      );
    }),
    { numRuns: 2000 },
  );
});

test("the sign-in page leads back", () => {
  expect(signInPath("/private")).toBe("/sign-in?next=/private");
  const next = "/a?b=c&d=e#f";
  const page = new URL(signInPath(next), siteUrl);
  expect([page.pathname, page.searchParams.get("next"), page.hash]).toEqual(["/sign-in", next, ""]);
});

test.each([
  [
    "https://app.example.org/a%20b?c=d&e=%26#f",
    "https%3A//app.example.org/a%2520b%3Fc%3Dd%26e%3D%2526%23f",
  ],
  ["https://example.org/files", "/files"],
  // Where it may not lead, it leads where any sign-in does.
  ["https://evil.example/", "/private"],
  ["https://other.example.org/", "/private"],
  ["https://app.example.org\\@evil.example", "https%3A//app.example.org/%40evil.example"],
])("who wanted %j signs in and goes to %s", (wanted, next) => {
  expect(signInAddress(wanted)).toBe(`${siteUrl}/sign-in?next=${next}`);
});

test("nobody is sent from a host that does not see the session, which would send them back for ever", () => {
  expect(signInAddress("http://localhost:5173/")).toBeNull();
});
