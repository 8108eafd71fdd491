import { stripVTControlCharacters } from "node:util";
import type { FullResult, Reporter, TestCase, TestResult } from "@playwright/test/reporter";
import Table from "cli-table3";

type Row = { fault: string; database: string; done: string; lost: string; longestWait: string };

/** Prints each fault as it is survived or not, and the table of all at the end. */
export default class FaultReport implements Reporter {
  readonly #rows: Row[] = [];

  printsToStdio(): boolean {
    return true;
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    const { status, annotations, attachments, errors, duration } = result;
    const told = (type: string) => annotations.find((each) => each.type === type)?.description;
    const isBroken = status !== "passed" && !told("lost");
    const row = {
      fault: test.title,
      database: test.parent.project()?.name ?? "",
      done: told("done") ?? "",
      lost: told("lost") || (isBroken ? `the test itself: ${status}` : "nothing"),
      longestWait: told("longest wait") ?? "",
    };
    this.#rows.push(row);
    const seconds = Math.round(duration / 1000);
    console.log(`${row.database}: ${row.fault}: ${row.done}; lost: ${row.lost} (${seconds} s)`);
    if (row.lost === "nothing") return;
    for (const { message } of isBroken ? errors : [])
      console.log(stripVTControlCharacters(message ?? ""));
    for (const { name, path } of attachments) console.log(`${name}: ${path}`);
  }

  onError({ message }: { message?: string }): void {
    console.log(stripVTControlCharacters(message ?? ""));
  }

  onEnd({ status }: FullResult): void {
    const table = new Table({
      head: ["fault", "database", "what was done", "what was lost", "worst wait"],
      colWidths: [30, 12, 60, 30, 12],
      wordWrap: true,
      style: { head: [], border: [] },
    });
    for (const { fault, database, done, lost, longestWait } of this.#rows)
      table.push([fault, database, done, lost, longestWait]);
    console.log(`\n${table}`);
    const survived = this.#rows.filter(({ lost }) => lost === "nothing").length;
    console.log(`${survived} of ${this.#rows.length} survived without a loss: ${status}`);
  }
}
