import { client } from "./http";
import { rawConnection } from "./raw-http";
import type { Site } from "./site";

/** Sends a request up to the middle of its body; the rest comes with the returned function. */
export async function beginToAsk(site: Pick<Site, "url">, email: string) {
  const connection = await rawConnection(site);
  const body = `email=${encodeURIComponent(email)}`;
  const head = [
    "POST /auth HTTP/1.1",
    `Host: ${new URL(site.url).host}`,
    `Origin: ${site.url}`,
    "Accept: application/json",
    "Content-Type: application/x-www-form-urlencoded",
    `Content-Length: ${body.length}`,
  ];
  connection.write(`${head.join("\r\n")}\r\n\r\n${body.slice(0, 10)}`);
  // The server has begun with it as soon as it answers to what came later; each of two processes gets one of these.
  for (const _ of [1, 2]) await client(site).get("/healthz");
  return () => {
    connection.write(body.slice(10));
    return connection.answer();
  };
}
