import fc from "fast-check";
import MimeNode from "nodemailer/lib/mime-node";
import { expect, test } from "vitest";
import { emailAddressProblems, parseEmailAddress } from "./email-address";

const canonicalForms = [
  ["ann@example.org", "ann@example.org"],
  ["Ann@EXAMPLE.org", "ann@example.org"],
  ["  ann@example.org ", "ann@example.org"],
  ["\u00A0ann@example.org\u3000", "ann@example.org"],
  ["ann+news@example.org", "ann+news@example.org"],
  ["ann.lee@mail.example.co.uk", "ann.lee@mail.example.co.uk"],
  ["ann.o'hara_1-2@example.org", "ann.o'hara_1-2@example.org"],
  ["_@example.org", "_@example.org"],
  ["1@1.example", "1@1.example"],
  ["ann@ab--cd.org", "ann@ab--cd.org"],
  // Full-width letters, and a full stop as Japanese keyboards write it.
  ["ａｎｎ@ｅｘａｍｐｌｅ．ｏｒｇ", "ann@example.org"],
  ["ann@example。org", "ann@example.org"],
  // The Kelvin sign, a ligature and a mathematical letter.
  ["\u212Aim@example.org", "kim@example.org"],
  ["\uFB01ona@example.org", "fiona@example.org"],
  ["ann@\u{1D41E}xample.org", "ann@example.org"],
  // Composed and decomposed, in both cases (RFC 5891); ß is a letter of its own.
  ["ann@münchen.de", "ann@xn--mnchen-3ya.de"],
  ["ann@MU\u0308NCHEN.DE", "ann@xn--mnchen-3ya.de"],
  ["ann@XN--MNCHEN-3YA.de", "ann@xn--mnchen-3ya.de"],
  ["ann@faß.de", "ann@xn--fa-hia.de"],
  ["ann@почта.рф", "ann@xn--80a1acny.xn--p1ai"],
  [`${"a".repeat(64)}@example.org`, `${"a".repeat(64)}@example.org`],
  [`ann@${"a".repeat(63)}.org`, `ann@${"a".repeat(63)}.org`],
  [`ann@${domainOf(250)}`, `ann@${domainOf(250)}`],
];

test.each(canonicalForms)("%j is kept as %j", (text, canonical) => {
  expect(parseEmailAddress(text)).toMatchObject({ canonical });
});

test("the form typed is kept for display, without the spaces around it", () => {
  expect(parseEmailAddress(" Ann@München.de\u00A0")).toMatchObject({ typed: "Ann@München.de" });
});

const hostile = {
  missing: ["", " ", "\u00A0\u3000"],
  several: [
    "ann@example.org,bob@example.org",
    "ann@example.org, ",
    "ann@example.org;bob@example.org",
    "ann@example.org bob@example.org",
    "ann@example.org，bob",
    "ann@example.org；",
    "team:ann@example.org;",
    "Team: ann@example.org, bob@example.org;",
    "ann@evil.example@example.org",
    "ann@@example.org",
    "@@",
    "@evil.example,@other.example:ann@example.org",
  ],
  "look-alike": [
    "ann\uFF20example.org",
    "ann\uFE6Bexample.org",
    "ann@example.org\uFF20evil.example",
  ],
  "local-part": [
    "änn@example.org",
    "\u0430nn@example.org",
    "👋@example.org",
    "\u2028ann@example.org",
    // Relays may read each of these as an address at evil.example.
    "ann%evil.example@example.org",
    "evil.example!ann@example.org",
    "=?utf-8?q?ann=40evil.example=3e?=@example.org",
  ],
  "too-long": [
    `${"a".repeat(65)}@example.org`,
    `ann@${domainOf(251)}`,
    `${"a".repeat(64)}@${domainOf(190)}`,
    "(".repeat(100_000),
    `${"<".repeat(100_000)}ann@example.org`,
    `ann@${"a.".repeat(50_000)}org`,
  ],
  malformed: [
    "ann",
    "@",
    "ann@",
    "@example.org",
    "example.org",
    "ann at example.org",
    "ann @example.org",
    "ann@ example.org",
    "ann lee@example.org",
    // Comments, quotes, display names, routes, addresses of mailto.
    "ann(comment)@example.org",
    "ann@example.org(comment)",
    "ann@(comment)example.org",
    '"ann"@example.org',
    '"ann lee"@example.org',
    "ann\\@example.org",
    "<ann@example.org>",
    "Ann <ann@example.org>",
    "ann@example.org>",
    "mailto:ann@example.org",
    "⑴@example.org",
    "ann@ex℀mple.org",
    "ann@example.org/path",
    "ann@example.org?cc=bob",
    "ann@example.org#a",
    "ann@example.org:25",
    "ann@ex%61mple.org",
    "ann@ex\\ample.org",
    // Dots.
    ".ann@example.org",
    "ann.@example.org",
    "ann..lee@example.org",
    "ann@example..org",
    "ann@.example.org",
    "ann@example.org.",
    "ann@example.org。",
    // What is no domain.
    "ann@localhost",
    "ann@org",
    "ann@example.o",
    "ann@example.123",
    "ann@127.0.0.1",
    "ann@0x7f.1",
    "ann@2130706433",
    "ann@[127.0.0.1]",
    "ann@[IPv6:::1]",
    "ann@ex_ample.org",
    "ann@-example.org",
    "ann@example-.org",
    "ann@example.o-g",
    "ann@xn--a.org",
    "ann@xn--.org",
    `ann@${"a".repeat(64)}.org`,
    // Halves of characters, and characters that do not exist.
    "ann\uD800@example.org",
    "ann@ex\uDFFFample.org",
    "\uFFFE@example.org",
  ],
};

const hostileRows = Object.entries(hostile).flatMap(([problem, texts]) =>
  texts.map((text) => [shown(text), problem, text] as const),
);

test.each(hostileRows)("%s is refused: %s", (_, problem, text) => {
  expect(parseEmailAddress(text)).toEqual({ problem });
});

const unseen = {
  "line feed": "\n",
  "carriage return and line feed": "\r\n",
  tab: "\t",
  NUL: "\0",
  escape: "\x1B",
  delete: "\x7F",
  "next line": "\x85",
  "soft hyphen": "\xAD",
  "zero-width space": "\u200B",
  "zero-width joiner": "\u200D",
  "word joiner": "\u2060",
  "byte order mark": "\uFEFF",
  "right-to-left mark": "\u200F",
  "right-to-left override": "\u202E",
  "bidi isolate": "\u2066",
  "tag letter": "\u{E0061}",
  "line separator": "\u2028",
  "variation selector": "\uFE0F",
  "Mongolian variation selector": "\u180B",
  "combining grapheme joiner": "\u034F",
  "Hangul filler": "\u3164",
};

test.each(Object.entries(unseen))("an unseen %s is refused, wherever it stands", (_, sign) => {
  for (const place of [0, 1, 3, 4, 6, 11, 15]) {
    const text = `${"ann@example.org".slice(0, place)}${sign}${"ann@example.org".slice(place)}`;
    expect(parseEmailAddress(text), JSON.stringify(text)).toHaveProperty("problem");
  }
});

test("100 KB of anything is refused at once", () => {
  const startedAt = performance.now();
  for (const sign of ["(", "<", "a", "@", ".", " ", "\u0308", "\uFDFA", "a@a."])
    expect(parseEmailAddress(sign.repeat(100_000))).toEqual({ problem: "too-long" });
  expect(performance.now() - startedAt).toBeLessThan(100);
});

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
  fc.emailAddress(),
  fc
    .tuple(
      fc.string({ unit: "binary" }),
      fc.string({ unit: "binary" }),
      fc.constantFrom("org", "рф"),
    )
    .map(([local, domain, topLevel]) => `${local}@${domain}.${topLevel}`),
  fc.string({ unit: "binary" }).map((domain) => `ann@${domain}.org`),
  fc.string({ unit: fc.constantFrom(...'ab1@.-_+%"<>(),:;[]\\ \r\n\0äÄß。＠ｎ\u200B\u202E') }),
);

/** An address as people have them, with one sign put into it, taken out or exchanged. */
const nearlyAnAddress = fc
  .record({
    address: fc.oneof(
      fc.constantFrom(...canonicalForms.map(([text]) => text ?? "")),
      fc.emailAddress({ size: "-1" }),
      fc.stringMatching(/^[a-z0-9!#$&'*+/=?^_`{|}~.-]{1,12}@[a-z0-9äßжש日-]{1,8}\.(org|рф|de)$/),
    ),
    sign: fc.oneof(
      fc.string({ unit: "binary", maxLength: 1 }),
      fc.constantFrom(...'@,;:<>()[]"\\%! \r\n\0.＠．｡\u200B\u202E\u0308'),
      fc.constant(""),
    ),
    place: fc.nat(20),
    removed: fc.constantFrom(0, 0, 1),
  })
  .map(({ address, sign, place, removed }) => {
    const letters = [...address];
    letters.splice(Math.min(place, letters.length), removed, sign);
    return letters.join("");
  });

// RFC 5321 4.1.2: Dot-string "@" sub-domain 1*("." sub-domain), in the lengths of 4.5.3.1.
const mailbox =
  /^(?=.{1,64}@)[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*@(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/;

test("of 100,000 texts each is refused by name, or is one mailbox that the envelope holds as it is", () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(anyText, nearlyAnAddress, nearlyAnAddress), (text) => {
      const parsed = parseEmailAddress(text);
      if ("problem" in parsed) return emailAddressProblems.includes(parsed.problem);
      accepted += 1;
      const { canonical } = parsed;
      const { to } = new MimeNode("text/plain").setEnvelope({ to: [canonical] }).getEnvelope();
      const { canonical: again } = { canonical: "", ...parseEmailAddress(canonical) };
      return (
        mailbox.test(canonical) &&
        canonical.length <= 254 &&
        to.length === 1 &&
        to[0] === canonical &&
        again === canonical &&
        !/\p{C}/u.test(parsed.typed)
      );
    }),
    { numRuns: 100_000 },
  );
  // Otherwise little would have been shown.
  expect(accepted).toBeGreaterThan(10_000);
}, 60_000);

test("what is shown of an accepted text is that text, and the same address", () => {
  fc.assert(
    fc.property(nearlyAnAddress, (text) => {
      const parsed = parseEmailAddress(text);
      if ("problem" in parsed) return;
      expect(parseEmailAddress(parsed.typed)).toMatchObject({ canonical: parsed.canonical });
    }),
    { numRuns: 5000 },
  );
});

/** A domain of so many characters, in labels of 50. */
function domainOf(length: number): string {
  const labels = `${"a".repeat(49)}.`.repeat(5);
  return `${labels.slice(0, length - 4)}`.replace(/\.$/, "a").concat(".org");
}

function shown(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}… (${text.length} characters)` : text;
  return JSON.stringify(short);
}
