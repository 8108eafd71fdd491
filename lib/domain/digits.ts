/** So many digits as people type them: with spaces and dashes, in full width. Null when it is anything else. */
export function readDigits(typed: string, count: number): string | null {
  const digits = typed.normalize("NFKC").replace(/[\s\p{Pd}]/gu, "");
  return /^\d+$/.test(digits) && digits.length === count ? digits : null;
}
