import { expect, test } from "vitest";
import { answeredInTime } from "./answered-in-time";

test("an answer in time is the answer, a fault the fault", async () => {
  expect(await answeredInTime(Promise.resolve("yes"))).toBe("yes");
  await expect(answeredInTime(Promise.reject(new Error("no")))).rejects.toThrow("no");
});

test("a database that says nothing is a 503 in time", async () => {
  const from = performance.now();
  await expect(answeredInTime(new Promise(() => {}), 50)).rejects.toMatchObject({
    status: 503,
    extra: { headers: { "retry-after": "5" } },
  });
  expect(performance.now() - from).toBeLessThan(1000);
});

test("what it says too late breaks nothing", async () => {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("late")), 30));
  await expect(answeredInTime(late, 5)).rejects.toMatchObject({ status: 503 });
  await expect(late).rejects.toThrow("late");
});
