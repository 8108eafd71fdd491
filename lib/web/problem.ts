import { STATUS_CODES } from "node:http";

/** A field that is wrong, in the way RFC 9457 3 shows it. */
export type FieldError = { field: string; code: string; detail: string };

/** An answer that is not a success. Throw it anywhere in a handler. */
export class Problem extends Error {
  override name = "Problem";
  constructor(
    readonly status: number,
    /** What to do about it, for the person or the developer who reads it. */
    readonly detail: string,
    readonly extra: { errors?: FieldError[]; headers?: Record<string, string> } = {},
  ) {
    super(detail);
  }

  /** `application/problem+json` (RFC 9457). */
  toResponse(): Response {
    const { errors, headers } = this.extra;
    const body = {
      type: "about:blank",
      title: STATUS_CODES[this.status],
      status: this.status,
      detail: this.detail,
      errors,
    };
    return Response.json(body, {
      status: this.status,
      headers: {
        "content-type": "application/problem+json",
        "cache-control": "no-store",
        ...headers,
      },
    });
  }
}
