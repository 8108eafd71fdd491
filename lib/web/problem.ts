import { STATUS_CODES } from "node:http";
import { z } from "zod";
import { wantsPage } from "./accept";
import { renderProblemPage } from "./problem-page";

/** What a program reads of an answer that is not a success (RFC 9457); `errors` name the fields that are wrong, as its 3 shows. */
export const problemAnswer = z.object({
  type: z.literal("about:blank"),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe("What to do about it."),
  errors: z.array(z.object({ field: z.string(), code: z.string(), detail: z.string() })).optional(),
});
type ProblemAnswer = z.infer<typeof problemAnswer>;

/** An answer that is not a success. Throw it anywhere in a handler. */
export class Problem extends Error {
  override name = "Problem";
  constructor(
    readonly status: number,
    /** What to do about it, for the person or the developer who reads it. */
    readonly detail: string,
    readonly extra: {
      errors?: NonNullable<ProblemAnswer["errors"]>;
      headers?: Record<string, string>;
    } = {},
  ) {
    super(detail);
  }

  /** `application/problem+json` (RFC 9457), or a page with the same words for a person. */
  toResponse(asked: Headers): Response {
    const isPage = wantsPage(asked);
    const headers = {
      "content-type": isPage ? "text/html; charset=utf-8" : "application/problem+json",
      "cache-control": "no-store",
      ...this.extra.headers,
    };
    const body = isPage ? renderProblemPage(this.detail) : JSON.stringify(this);
    return new Response(body, { status: this.status, headers });
  }

  toJSON(): ProblemAnswer {
    const { status, detail } = this;
    const title = STATUS_CODES[status] ?? "";
    return { type: "about:blank", title, status, detail, errors: this.extra.errors };
  }
}

/** What stands behind the site does not answer. */
export function unavailable(): Problem {
  return new Problem(
    503,
    "The database does not answer. Nothing is lost; try again in a few seconds.",
    {
      headers: { "retry-after": "5" },
    },
  );
}

export function methodNotAllowed(method: string, allowed: readonly string[]): Problem {
  return new Problem(405, `${method} is not possible here.`, {
    headers: { allow: allowed.join(", ") },
  });
}

/** A field names something that is not there, is over, or is somebody else's: the same answer for all of them. */
export function unknownThing(field: string, detail: string): Problem {
  return new Problem(422, detail, { errors: [{ field, code: "unknown", detail }] });
}

/** When to try again, in whole seconds (RFC 9110 10.2.3). */
export function retryAfter(time: Date): Record<string, string> {
  return { "retry-after": String(Math.max(1, Math.ceil((time.getTime() - Date.now()) / 1000))) };
}
