import { type IncomingHttpHeaders, type IncomingMessage, request as openPlain } from "node:http";
import { request as openSecure } from "node:https";
import type { LookupFunction } from "node:net";
import { text } from "node:stream/consumers";

/** Headers by name; `undefined` leaves out one that would be sent by default. */
export type SentHeaders = Record<string, string | undefined>;

/** What a request carries, and how it is written. */
export type SentBody =
  | { form: Record<string, string> | [string, string][] }
  | { multipart: Record<string, string> }
  | { json: unknown }
  | { raw: string | Uint8Array; type?: string };

/** The answer to one request; a redirect is an answer like any other. */
export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** The `Set-Cookie` headers one by one, as they came. */
  setCookies: string[];
  body: string;
  /** The body read as JSON; throws if it is none. */
  json(): unknown;
}

/** A program that talks HTTP and keeps cookies, and does nothing of its own accord. */
export interface HttpClient {
  /** Values by name; a test may read, change and copy them. */
  readonly cookies: Map<string, string>;
  get(path: string, headers?: SentHeaders): Promise<HttpAnswer>;
  post(path: string, body?: SentBody, headers?: SentHeaders): Promise<HttpAnswer>;
  request(method: string, path: string, sent?: SentRequest): Promise<HttpAnswer>;
}

/** Whom a program talks to. */
export interface Served {
  readonly url: string;
  /** Who vouches for it on https, as PEM. All names lead to this machine then. */
  readonly authority?: string;
}

interface SentRequest {
  body?: SentBody | undefined;
  headers?: SentHeaders | undefined;
}

/**
 * A client with a cookie jar of its own. What may change something says `Origin: <site.url>`, as a
 * page of the site would; `{ origin: … }` says another, `{ origin: undefined }` none.
 *
 * @param site whose paths it asks for; a whole URL in place of a path goes anywhere
 * @param ownHeaders sent with every request
 */
export function client(site: Served, ownHeaders: SentHeaders = {}): HttpClient {
  const cookies = new Map<string, string>();

  async function request(method: string, path: string, { body, headers }: SentRequest = {}) {
    const content = body && (await encode(body));
    const isRead = method === "GET" || method === "HEAD";
    const url = new URL(path, site.url);
    const open = url.protocol === "https:" ? openSecure : openPlain;
    const outgoing = open(url, {
      method,
      headers: merge(
        { origin: isRead ? undefined : site.url, cookie: cookieHeader(cookies) },
        { "content-type": content?.type, "content-length": content?.bytes.length.toString() },
        ownHeaders,
        headers,
      ),
      // A connection a request: none is left over that a server would wait for when it stops, or
      // that is dead after its restart.
      agent: false,
      ...(site.authority && { ca: site.authority, lookup: leadHere }),
      signal: AbortSignal.timeout(30_000),
    });
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.on("response", resolve).on("error", reject);
    });
    outgoing.end(content?.bytes);
    return keepCookies(cookies, await readAnswer(await response));
  }

  return {
    cookies,
    get: (path, headers) => request("GET", path, { headers }),
    post: (path, body, headers) => request("POST", path, { body, headers }),
    request,
  };
}

const leadHere: LookupFunction = (_name, { all }, answer) => {
  const here = { address: "127.0.0.1", family: 4 };
  if (all) answer(null, [here]);
  else answer(null, here.address, here.family);
};

async function encode(body: SentBody): Promise<{ type: string | undefined; bytes: Buffer }> {
  if ("raw" in body) return { type: body.type, bytes: Buffer.from(body.raw) };
  if ("json" in body) {
    return { type: "application/json", bytes: Buffer.from(JSON.stringify(body.json)) };
  }
  const written = new Response("form" in body ? new URLSearchParams(body.form) : formData(body));
  const type = written.headers.get("content-type") ?? undefined;
  return { type, bytes: Buffer.from(await written.arrayBuffer()) };
}

function formData({ multipart }: { multipart: Record<string, string> }): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(multipart)) data.append(name, value);
  return data;
}

/** One set of headers, in which the later ones win, whatever the case of their names. */
function merge(...all: (SentHeaders | undefined)[]): Record<string, string> {
  const merged = new Map<string, string | undefined>();
  for (const headers of all) {
    for (const [name, value] of Object.entries(headers ?? {}))
      merged.set(name.toLowerCase(), value);
  }
  return Object.fromEntries([...merged].filter((entry): entry is [string, string] => !!entry[1]));
}

async function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  const body = await text(response);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    setCookies: response.headers["set-cookie"] ?? [],
    body,
    json: () => JSON.parse(body),
  };
}

function cookieHeader(cookies: Map<string, string>): string | undefined {
  const pairs = [...cookies].map(([name, value]) => `${name}=${value}`);
  return pairs.length > 0 ? pairs.join("; ") : undefined;
}

function keepCookies(cookies: Map<string, string>, answer: HttpAnswer): HttpAnswer {
  for (const line of answer.setCookies) {
    const [, name = "", value = "", attributes = ""] = /^([^=]+)=([^;]*)(.*)$/.exec(line) ?? [];
    if (isExpired(attributes)) cookies.delete(name.trim());
    else cookies.set(name.trim(), value);
  }
  return answer;
}

/** RFC 6265, 5.3: `Max-Age` goes before `Expires`; a time that has passed removes the cookie. */
function isExpired(attributes: string): boolean {
  const maxAge = /;\s*max-age=(-?\d+)/i.exec(attributes)?.[1];
  if (maxAge !== undefined) return Number(maxAge) <= 0;
  const expires = /;\s*expires=([^;]+)/i.exec(attributes)?.[1];
  return expires !== undefined && Date.parse(expires) <= Date.now();
}
