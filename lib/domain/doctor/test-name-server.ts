import { createSocket } from "node:dgram";
import { once } from "node:events";

/** What a name has, by kind of record: texts, mail exchanges, IPv4 addresses. */
export type Zone = Record<string, { txt?: string[]; mx?: string[]; a?: string[] }>;

const kinds = { a: 1, mx: 15, txt: 16 };

/**
 * For tests: a name server on the loopback interface that knows one zone (RFC 1035 4).
 * @returns its address, as a resolver wants it, and how to end it
 */
export async function startNameServer() {
  let zone: Zone = {};
  const socket = createSocket("udp4");
  socket.on("message", (question, { port, address }) => {
    socket.send(answerTo(question, zone), port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    know: (names: Zone) => {
      zone = names;
    },
    stop: () => socket.close(),
  };
}

/** Names below `.broken` are those of a zone with which something is wrong. */
function answerTo(question: Buffer, zone: Zone): Buffer {
  const { name, end } = readName(question);
  const records = recordsOf(zone[name] ?? {}, question.readUInt16BE(end));
  const header = Buffer.alloc(12);
  question.copy(header, 0, 0, 2);
  // An answer, from who knows best; 3 says that there is no such name, 2 that something is broken here.
  const code = name.endsWith(".broken") ? 2 : name in zone ? 0 : 3;
  header.writeUInt16BE(0x8400 | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, question.subarray(12, end + 4), ...records]);
}

function readName(question: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), end: at + 1 };
}

function recordsOf({ txt = [], mx = [], a = [] }: Zone[string], kind: number): Buffer[] {
  const contents = [
    ...txt.map((text) => [kinds.txt, partsOf(text)] as const),
    ...mx.map((host) => [kinds.mx, Buffer.concat([Buffer.from([0, 10]), nameOf(host)])] as const),
    ...a.map((address) => [kinds.a, Buffer.from(address.split(".").map(Number))] as const),
  ];
  return contents.filter(([of]) => of === kind).map(([of, content]) => recordOf(of, content));
}

/** Of the name that was asked for, which stands after the header. */
function recordOf(kind: number, content: Buffer): Buffer {
  const head = Buffer.from([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 0, 0, 0]);
  head.writeUInt16BE(content.length, 10);
  return Buffer.concat([head, content]);
}

/** A long text stands in pieces. */
function partsOf(text: string): Buffer {
  const parts = text.match(/.{1,60}/g) ?? [""];
  return Buffer.concat(parts.flatMap((part) => [Buffer.from([part.length]), Buffer.from(part)]));
}

function nameOf(host: string): Buffer {
  const labels = host.split(".").filter(Boolean);
  const parts = labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  return Buffer.concat([...parts, Buffer.from([0])]);
}
