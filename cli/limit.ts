import { InvalidArgumentError } from "commander";

/** How many rows a list has at most. */
export function readLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return limit;
  throw new InvalidArgumentError("A whole number from 1 to 1000.");
}
