import Table from "cli-table3";
import type { Command } from "commander";

/** Without colours, and without lines between the rows. */
const plain = {
  style: { head: [], border: [] },
  chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
};

type Value = string | number | boolean | Date | null;
export type Row = Record<string, Value | string[]>;

/**
 * Prints rows: a table for people, JSON for programs.
 * @param widths of the columns, in letters, where what they hold is wrapped
 */
export function printRows(command: Command, rows: Row[], widths?: number[]): void {
  if (isForPrograms(command)) printJson(rows);
  else console.log(rows.length > 0 ? tableOf(rows, widths) : "None.");
}

function tableOf(rows: Row[], widths?: number[]): string {
  const head = Object.keys(rows[0] ?? {});
  const table = new Table({ head, ...plain, ...(widths && { colWidths: widths, wordWrap: true }) });
  for (const row of rows) table.push(Object.values(row).map(inWords));
  return table.toString();
}

/** Prints one thing, a line for each of its parts. */
export function printThing(command: Command, thing: Row): void {
  if (isForPrograms(command)) printJson(thing);
  else console.log(listOf(thing));
}

function listOf(thing: Row): string {
  const table = new Table(plain);
  for (const [name, value] of Object.entries(thing)) table.push({ [name]: inWords(value) });
  return table.toString();
}

/** Says that it is done; to a program, with what came of it. */
export function printDone(command: Command, words: string, result: Row = {}): void {
  if (isForPrograms(command)) printJson({ done: true, ...result });
  else console.log(words);
}

export function isForPrograms(command: Command): boolean {
  return command.optsWithGlobals().json === true;
}

export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, null, 2).replace(/(?!\n)[\p{Cc}\p{Cf}]/gu, escaped));
}

/** JSON lets pass what some terminals obey, and what turns the direction of a line. */
function escaped(sign: string): string {
  const units = sign.split("").map((unit) => unit.charCodeAt(0).toString(16).padStart(4, "0"));
  return units.map((unit) => `\\u${unit}`).join("");
}

function inWords(value: Row[string]): string {
  if (value === null) return "";
  if (value instanceof Date) return value.toISOString().replace("T", " ").slice(0, 19);
  return visible(Array.isArray(value) ? value.join(", ") : String(value));
}

/** What others have sent must not move the cursor of whoever reads it. */
function visible(text: string): string {
  return text.replace(/\p{C}/gu, "\ufffd");
}
