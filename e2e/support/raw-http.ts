import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";
import type { Served } from "./http";

/** A connection on which a test writes what it likes, well-formed or not. */
export interface RawConnection {
  write(text: string): void;
  /** The status of the answer, once the server has closed the connection; 0 if it gave none. */
  answer(): Promise<{ status: number; text: string }>;
}

/** Connects to a site below the level of HTTP. Ask for `Connection: close`, or it stays open. */
export async function rawConnection({ url, authority }: Served): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = authority
    ? connectSecurely({ port: Number(port), servername: hostname, ca: authority })
    : connect({ host: hostname, port: Number(port) });
  await once(socket, authority ? "secureConnect" : "connect");
  const received = readAll(socket);
  return {
    write: (text) => socket.write(text, "latin1"),
    async answer() {
      const text = await received;
      return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0), text };
    },
  };
}

/** A server that refuses a request may hang up on the rest of it; what it said before counts. */
async function readAll(socket: Socket): Promise<string> {
  let received = "";
  socket.setEncoding("latin1").on("data", (chunk) => {
    received += chunk;
  });
  socket.setTimeout(20_000, () => socket.destroy());
  await new Promise((resolve) => socket.once("close", resolve).on("error", () => undefined));
  return received;
}
