import { expect, test } from "vitest";
import { traceIdOf } from "./observe-request";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const rest = "b7ad6b7169203331-01";

test("a trace is told by its id", () => {
  expect(traceIdOf({ traceparent: `00-${traceId}-${rest}` })).toBe(traceId);
  // A later version may say more.
  expect(traceIdOf({ traceparent: `01-${traceId}-${rest}-more` })).toBe(traceId);
});

test("what is none gets into no log", () => {
  for (const traceparent of [
    undefined,
    "",
    traceId,
    `ff-${traceId}-${rest}`,
    `00-${"0".repeat(32)}-${rest}`,
    `00-${traceId.toUpperCase()}-${rest}`,
    `00-${traceId}-${rest}"}\n{"level":60`,
    `00-${traceId}, 00-${traceId}-${rest}`,
  ])
    expect(traceIdOf({ traceparent })).toBeUndefined();
});
