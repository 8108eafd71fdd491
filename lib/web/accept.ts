/** True for a browser that shows what it gets to a person. */
export function wantsPage(headers: Headers): boolean {
  return /\btext\/html\b/i.test(headers.get("accept") ?? "");
}

/** True for a program that asks for JSON and says so. */
export function wantsJson(headers: Headers): boolean {
  return (
    !wantsPage(headers) && /\bapplication\/([\w.]+\+)?json\b/i.test(headers.get("accept") ?? "")
  );
}
