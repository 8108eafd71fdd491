import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A TCP port of the loopback interface on which nobody listens now.
 *
 * Systems hand out ports from 32768 upwards to outgoing connections. A server that goes away and comes back on its port (a
 * restart, a mail server that was down) would sometimes find it taken by one of those, so ours lie below.
 * @returns {Promise<number>}
 */
export async function freePort() {
  const port = randomInt(20_000, 30_000);
  return (await isFree(port)) ? port : freePort();
}

/** @param {number} port */
async function isFree(port) {
  const server = createServer();
  try {
    server.listen(port);
    await once(server, "listening");
    server.close();
    await once(server, "close");
    return true;
  } catch {
    return false;
  }
}
