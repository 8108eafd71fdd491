import { expect } from "@playwright/test";
import type { HttpAnswer } from "./http";

const members = {
  type: expect.any(String),
  title: expect.any(String),
  detail: expect.stringMatching(/\w+ \w+/),
};

/** Expects an RFC 9457 answer with this status, which says in words what to do. */
export function expectProblem(answer: HttpAnswer, status: number, allow?: string): void {
  expect(answer.status, answer.body).toBe(status);
  expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json\b/);
  expect(answer.headers["cache-control"]).toContain("no-store");
  expect(answer.json()).toEqual(
    status === 422
      ? { ...members, status, errors: expect.arrayContaining([expect.anything()]) }
      : { ...members, status },
  );
  if (status === 405) expect(answer.headers.allow).toBe(allow);
}
