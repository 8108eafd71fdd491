import { z } from "zod";
import { Problem } from "./problem";

/** In bytes: more than any form of this site needs. */
export const bodyLimit = 64 * 1024;

/**
 * The fields of a form (urlencoded or multipart) or of a JSON object, not checked yet. A field that came twice is a list.
 * @throws {Problem} 413, 415 or 400
 */
export async function readInput(request: Request): Promise<Record<string, unknown>> {
  const type = request.headers.get("content-type") ?? "";
  const body = await readBody(request);
  if (/^application\/json\b/i.test(type)) return parseJson(body);
  if (/^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type))
    return await parseForm(body, type);
  throw new Problem(
    415,
    "Send a form or JSON: application/x-www-form-urlencoded, multipart/form-data or application/json.",
  );
}

/** Stops reading at the limit, whatever `Content-Length` says. */
async function readBody(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  if (Number(request.headers.get("content-length") ?? 0) > bodyLimit) throw bodyTooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > bodyLimit) throw bodyTooLarge();
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

export function bodyTooLarge(): Problem {
  return new Problem(413, `The body is larger than ${bodyLimit / 1024} KB.`, {
    headers: { connection: "close" },
  });
}

function parseJson(body: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below, in the same words.
  }
  throw new Problem(400, "The body is not a JSON object.");
}

async function parseForm(
  body: Uint8Array<ArrayBuffer>,
  type: string,
): Promise<Record<string, unknown>> {
  const form = await new Response(body, { headers: { "content-type": type } })
    .formData()
    .catch(() => {
      throw new Problem(400, "The form cannot be read; check its encoding and boundary.");
    });
  const fields = [...new Set(form.keys())].map((name) => {
    const values = form.getAll(name);
    return [name, values.length > 1 ? values : values[0]];
  });
  return Object.fromEntries(fields);
}

/** A checkbox of a form, or a boolean of a program. */
export const checkbox = z
  .union([z.boolean(), z.enum(["on", "true", "1", "off", "false", "0", ""])])
  .default(false)
  .transform((value) => value === true || value === "on" || value === "true" || value === "1");
