import { domainToASCII } from "node:url";
import { z } from "zod";

/** The kinds of values that the environment holds, each with a message that says what is wanted. */

export function number({ min, above, max, whole = false }: Bounds) {
  const bounds = [
    above !== undefined && `more than ${above}`,
    min !== undefined && `at least ${min}`,
    max !== undefined && `at most ${max}`,
  ].filter(Boolean);
  const isWanted = (value: number) =>
    (!whole || Number.isInteger(value)) &&
    (above === undefined || value > above) &&
    (min === undefined || value >= min) &&
    (max === undefined || value <= max);
  return z
    .string()
    .refine((text) => /^\s*\d+(\.\d+)?\s*$/.test(text) && isWanted(Number(text)), {
      error: `must be a ${whole ? "whole " : ""}number, ${bounds.join(" and ")}`,
    })
    .transform(Number);
}

type Bounds = { min?: number; above?: number; max?: number; whole?: boolean };

/** Values separated by commas. */
export function list<Item extends z.ZodType<string, string>>(item: Item) {
  return z.string().transform(partsOf).pipe(z.array(item));
}

function partsOf(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
}

/** Scheme, host and port of a site, in canonical form. */
export function origin(error: string) {
  return z
    .string()
    .trim()
    .refine((text) => canonicalOrigin(text) !== null, { error })
    .transform((text) => canonicalOrigin(text) ?? text);
}

function canonicalOrigin(text: string): string | null {
  if (!/^https?:\/\/[^/?#@\\]+\/?$/i.test(text) || !URL.canParse(text)) return null;
  return new URL(text).origin;
}

export function hostName(error: string) {
  return z
    .string()
    .trim()
    .refine((text) => isHostName(text) || /^\[[0-9a-f:.]+\]$/i.test(text), { error });
}

/** By labels: one expression for the whole would take a second for each long name that is wrong. */
function isHostName(text: string): boolean {
  const labels = text.replace(/\.$/, "").split(".");
  return labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label));
}

export function smtpUrl(error: string) {
  return z
    .string()
    .trim()
    .refine(
      (text) =>
        URL.canParse(text) &&
        /^smtps?:$/.test(new URL(text).protocol) &&
        hostName(error).safeParse(new URL(text).hostname).success,
      { error },
    );
}

/** A file of SQLite, or a database of PostgreSQL. */
export function databaseUrl(error: string) {
  return z
    .string()
    .trim()
    .refine((url) => /^file:(?!\/\/[^/])[^?]+$/.test(url) || isPostgresqlUrl(url), { error })
    .refine((url) => !url.includes(":memory:"), "must name a file: memory forgets everybody")
    .refine(
      (url) => !isPostgresqlUrl(url) || !new URL(url).searchParams.has("schema"),
      "has the parameter schema; give the site a database of its own, and leave it out",
    )
    .refine(
      (url) => !isPostgresqlUrl(url) || isConnectionLimit(new URL(url).searchParams),
      "has a connection_limit that is not a whole number, at least 1",
    );
}

function isPostgresqlUrl(text: string): boolean {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { hostname, pathname } = new URL(text);
  return hostname !== "" && /^\/[^/]+$/.test(pathname);
}

function isConnectionLimit(parameters: URLSearchParams): boolean {
  return /^[1-9]\d{0,3}$/.test(parameters.get("connection_limit") ?? "1");
}

export function httpUrl(error: string) {
  return z
    .string()
    .trim()
    .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), { error });
}

/** `open`, `invited`, or domains in their ASCII form. */
export function signUp(error: string) {
  return z
    .string()
    .trim()
    .refine((text) => parseSignUp(text) !== null, { error })
    .transform((text) => parseSignUp(text) ?? []);
}

function parseSignUp(text: string): "open" | "invited" | string[] | null {
  if (text === "open" || text === "invited") return text;
  const parts = partsOf(text);
  return parts.length > 0 && parts.every(isDomain)
    ? parts.map((part) => domainToASCII(part))
    : null;
}

/** Two labels at least: nobody's own is above them. */
function isDomain(text: string): boolean {
  return (
    domainToASCII(text).includes(".") &&
    !/[\s/:@?#%\\]|\.$/.test(text) &&
    isHostName(domainToASCII(text))
  );
}

/** A domain in its ASCII form. The dot that used to stand before it means nothing any more (RFC 6265 5.2.3). */
export function cookieDomain(error: string) {
  return z
    .string()
    .trim()
    .transform((text) => text.replace(/^\./, ""))
    .refine((text) => isDomain(text) && !/\.\d+$/.test(domainToASCII(text)), { error })
    .transform((text) => domainToASCII(text));
}

/** A name and an address, or an address alone. Anything that a mail program could read as two is refused. */
export function sender(error: string) {
  return z
    .string()
    .trim()
    .refine((text) => parseSender(text) !== null, { error })
    .transform((text) => parseSender(text) ?? { name: "", address: text });
}

function parseSender(text: string): { name: string; address: string } | null {
  const [, name = "", inBrackets, alone] =
    /^(?:([^<>\p{Cc}]*)<([^<>]*)>|([^<>]*))$/u.exec(text) ?? [];
  const address = inBrackets ?? alone ?? "";
  if (!/^[^\s@,;:"()<>[\]\\\p{C}]+@[^\s@,;:"()<>[\]\\\p{C}]+$/u.test(address)) return null;
  return { name: name.trim().replace(/^"(.*)"$/, "$1"), address };
}
