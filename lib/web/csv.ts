import { stringify } from "csv-stringify/sync";

/**
 * Lines of a table (RFC 4180), each cell guarded.
 * @param rows a cell each; null is an empty one
 */
export function csvLines(rows: (string | null)[][]): string {
  return stringify(
    rows.map((row) => row.map((cell) => guardCell(cell ?? ""))),
    // By itself it would leave a lone line feed without quotes, which many readers take for the end of a line.
    { record_delimiter: "windows", quoted_match: /[\r\n]/ },
  );
}

/** What begins a formula: = + - @ and their relatives, also behind what a spreadsheet trims or takes for a quote. */
const formula =
  /^[\s"'\p{C}]*[=+\-@\u207a\u207b\u208a\u208b\u2212\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20]/u;

/**
 * Somebody else's text that begins like a formula gets an apostrophe before it: a spreadsheet would otherwise run it as
 * soon as an administrator opens the file (OWASP, CSV injection). So does what follows a semicolon, a tab or a line
 * break, where a spreadsheet of another language begins the next cell.
 */
export function guardCell(cell: string): string {
  const guarded = cell
    .split(/(?<=[;\t\r\n])/)
    .map((piece) => (formula.test(piece) ? `'${piece}` : piece))
    .join("");
  return /^[\t\r]/.test(guarded) ? `'${guarded}` : guarded;
}
