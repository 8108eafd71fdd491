import { expect } from "@playwright/test";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { HttpAnswer, HttpClient, SentBody, SentHeaders } from "./http";

/** What a site says of its handlers, and which of it has been seen to be so. */
export interface Contract {
  paths: Record<string, Record<string, Operation>>;
  /** A program each of whose answers has to be as the document says; pages are left aside. */
  watch(program: HttpClient): HttpClient;
  /** What no answer has been yet, such as `POST /auth 429`. */
  unseen(): string[];
}

interface Operation {
  requestBody?: object;
  responses: Record<string, Reference | Answer>;
}

interface Reference {
  $ref: string;
}

interface Answer {
  headers: object;
  content: object;
}

type Sent = { body?: SentBody | undefined; headers?: SentHeaders | undefined };

/** Reads `/openapi.json`. */
export async function readContract(program: HttpClient): Promise<Contract> {
  const document = (await program.get("/openapi.json")).json() as Pick<Contract, "paths">;
  const { paths } = document;
  const schemas = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  schemas.addSchema(document, "site");
  const seen = new Set<string>();

  /** Expects that a value is as the schema at a place of the document says. */
  function expectValid(place: string[], value: unknown, what: string): void {
    const pointer = place.map((name) => `/${encodeURIComponent(escaped(name))}`).join("");
    const validate = schemas.getSchema(`site#${pointer}`);
    if (!validate) throw new Error(`${what}: nothing at ${pointer}`);
    expect(validate(value) ? [] : validate.errors, `${what}: ${JSON.stringify(value)}`).toEqual([]);
  }

  function expectDescribed(method: string, path: string, sent: Sent, answer: HttpAnswer): void {
    const pathname = new URL(path, "http://site").pathname;
    const operations = paths[pathname];
    if (!operations) return;
    const given = method === "HEAD" ? "get" : method.toLowerCase();
    const [name, operation] = Object.entries(operations).find(([known]) => known === given) ?? [];
    const { status } = answer;
    const what = `${method} ${pathname} ${status}`;
    if (!operation || !name) {
      expectOtherMethod(operations, pathname, answer, what);
      return;
    }
    const place = ["paths", pathname, name];
    expectAnswer(operation, place, answer, what, method === "HEAD");
    if (status < 400 && operation.requestBody && sent.body && "json" in sent.body) {
      const schema = ["requestBody", "content", "application/json", "schema"];
      expectValid([...place, ...schema], sent.body.json, `what was sent to ${what}`);
    }
  }

  /** Every operation tells what becomes of a method that there is not. */
  function expectOtherMethod(
    operations: Record<string, Operation>,
    path: string,
    answer: HttpAnswer,
    what: string,
  ): void {
    expect(answer.status, what).toBe(405);
    for (const [name, operation] of Object.entries(operations))
      expectAnswer(operation, ["paths", path, name], answer, what);
  }

  function expectAnswer(
    operation: Operation,
    place: string[],
    answer: HttpAnswer,
    what: string,
    isHead = false,
  ): void {
    const status = String(answer.status);
    const described = operation.responses[status];
    if (!described) throw new Error(`${what} is not described: ${answer.body}`);
    const own =
      "$ref" in described ? described.$ref.slice(2).split("/") : [...place, "responses", status];
    const { headers, content } = at(document, own) as Answer;
    for (const name of Object.keys(headers))
      expect(answer.headers, what).toHaveProperty([name.toLowerCase()]);
    if (!isHead) expectContent(content, own, answer, what);
    seen.add([place[2]?.toUpperCase(), place[1], status].join(" "));
  }

  function expectContent(content: object, place: string[], answer: HttpAnswer, what: string): void {
    const types = Object.keys(content);
    if (types.length === 0) {
      expect(answer.body, what).toBe("");
      return;
    }
    const [type = ""] = answer.headers["content-type"]?.split(";") ?? [];
    expect(types, what).toContain(type);
    const value = type.endsWith("json") ? answer.json() : answer.body;
    expectValid([...place, "content", type, "schema"], value, what);
  }

  function watch(program: HttpClient): HttpClient {
    const request = async (method: string, path: string, sent: Sent = {}) => {
      const answer = await program.request(method, path, sent);
      expectDescribed(method, path, sent, answer);
      return answer;
    };
    return {
      cookies: program.cookies,
      get: (path, headers) => request("GET", path, { headers }),
      post: (path, body, headers) => request("POST", path, { body, headers }),
      request,
    };
  }

  function unseen(): string[] {
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { responses }]) =>
        Object.keys(responses).map((status) => `${method.toUpperCase()} ${path} ${status}`),
      ),
    );
    return described.filter((answer) => !seen.has(answer));
  }

  return { paths, watch, unseen };
}

/** RFC 6901, 3 */
function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function at(document: object, place: string[]): unknown {
  return place.reduce<unknown>((value, name) => Object(value)[name], document);
}
