import { type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestOverTls } from "node:https";
import { text } from "node:stream/consumers";
import type { TLSSocket } from "node:tls";
import { seconds } from "./duration";

export type SiteAnswer = {
  status: number;
  headers: Headers;
  body: string;
  /** When the certificate of the other end runs out; null without TLS. */
  certificateEndsAt: Date | null;
};

type Question = { method?: "GET" | "POST"; headers?: Record<string, string> };

const patience = seconds(5);

/**
 * Asks an address as a browser would: the certificate must be good. A redirect is an answer, and not followed. `fetch` would
 * not show the certificate.
 * @throws {Error} of the network or of TLS, with its `code`
 */
export async function askSite(
  url: URL,
  { method = "GET", headers = {} }: Question = {},
): Promise<SiteAnswer> {
  const request = url.protocol === "https:" ? requestOverTls : requestPlain;
  return await new Promise((resolve, reject) => {
    const asked = request(url, {
      method,
      headers: { "user-agent": "latchkey doctor", ...headers },
      signal: AbortSignal.timeout(patience),
    });
    asked.once("error", reject);
    asked.once("response", (response) => resolve(readAnswer(response)));
    asked.end();
  });
}

async function readAnswer(response: IncomingMessage): Promise<SiteAnswer> {
  const ends = (response.socket as Partial<TLSSocket>).getPeerCertificate?.().valid_to;
  return {
    status: response.statusCode ?? 0,
    headers: headersOf(response.rawHeaders),
    body: await text(response),
    certificateEndsAt: ends ? new Date(ends) : null,
  };
}

/** Names and values in turn. */
function headersOf(raw: string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index < raw.length; index += 2)
    headers.append(raw[index] ?? "", raw[index + 1] ?? "");
  return headers;
}
