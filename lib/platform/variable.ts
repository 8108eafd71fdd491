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
  return z
    .string()
    .transform((text) =>
      text
        .split(",")
        .map((part) => part.trim())
        .filter(Boolean),
    )
    .pipe(z.array(item));
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
    .regex(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.?)+$|^\[[0-9a-f:.]+\]$/i, error);
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
