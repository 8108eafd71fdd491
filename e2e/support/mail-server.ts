import { EventEmitter, once } from "node:events";
import type { Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { domainToASCII } from "node:url";
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from "smtp-server";
import { freePort } from "../../scripts/free-port.mjs";
import { type Mail, parseMail } from "./mail";
import { isAddress, type MailFault, type MailStage, strikes } from "./mail-fault";

/** How the mail server treats those who come to it; "refuse connections" also hangs up on them. */
export type MailServerBehaviour = "accept" | "refuse connections" | MailFault;

const notices = [
  "New sign-in to your account",
  "(An|Another|No) authenticator app for your account",
  "A passkey (for|of) your account",
  "New recovery codes for your account",
  "A recovery code was used",
  "Wrong codes for your account",
  "Your second factor at",
  "Your account at .* (has been blocked|is open again)$",
  "What you may do at",
  "You have been signed out",
  "You have an account at",
];
const anySubjectAskedFor = new RegExp(`^(?!${notices.join("|")})`);

/** A mail that a test waits for. */
interface AwaitedMail {
  to: string;
  /** Only mails that arrived later than this one. */
  after?: Mail | undefined;
  /** Unless told, any but the notices that come of their own accord: of a new device, of a second factor. */
  subject?: RegExp;
  /** Milliseconds to wait at most; 10,000 unless told. */
  timeout?: number;
}

/** A real SMTP server on 127.0.0.1, without authentication or TLS. */
export interface MailServer {
  /** What `SMTP_URL` wants. */
  readonly url: string;
  /** All mails that were accepted, in the order of their arrival. */
  readonly messages: readonly Mail[];
  /** When somebody connected, to see retries and their pauses. Refused connections are not seen. */
  readonly connectedAt: readonly Date[];
  /** The first mail to an address, at once if it is there; throws if it does not come in time. */
  waitForMail(awaited: AwaitedMail): Promise<Mail>;
  /** From now on the server does this, in place of what it was told before. */
  behave(behaviour: MailServerBehaviour): Promise<void>;
  /** Hangs up and frees the port. */
  stop(): Promise<void>;
}

/** Starts a mail server on a free port, accepting everything. */
export async function startMailServer(): Promise<MailServer> {
  const port = await freePort();
  const messages: Mail[] = [];
  const connectedAt: Date[] = [];
  const arrivals = new EventEmitter().setMaxListeners(0);
  const sockets = new Map<number, Socket>();
  let behaviour: MailServerBehaviour = "accept";
  let server: SMTPServer | undefined;

  async function listen() {
    server = new SMTPServer({
      name: "mail.test",
      disabledCommands: ["AUTH", "STARTTLS"],
      authOptional: true,
      disableReverseLookup: true,
      socketTimeout: 10 * 60_000,
      onConnect: (session, next) => settle(greet(session), next),
      onMailFrom: (_sender, _session, next) => settle(suffer("MAIL"), next),
      onRcptTo: ({ address }, _session, next) => settle(suffer("RCPT", [address]), next),
      onData: (stream, session, next) => settle(receive(stream, session), next),
    });
    // A client that hangs up in the middle is what some tests are about, not a fault of ours.
    server.on("error", () => undefined);
    server.server.on("connection", remember);
    await once(server.listen(port, "127.0.0.1"), "listening");
  }

  async function hangUp() {
    const listener = server?.server;
    server = undefined;
    if (!listener) return;
    listener.close();
    for (const socket of sockets.values()) socket.destroy();
    await once(listener, "close");
  }

  function remember(socket: Socket) {
    const clientPort = socket.remotePort ?? 0;
    connectedAt.push(new Date());
    sockets.set(clientPort, socket);
    socket.once("close", () => sockets.delete(clientPort));
  }

  async function greet({ remotePort }: SMTPServerSession) {
    const fault = await suffer("greeting");
    const socket = sockets.get(remotePort);
    if (fault && "drip" in fault && socket) drip(socket, fault.drip);
  }

  async function receive(stream: SMTPServerDataStream, session: SMTPServerSession) {
    const { mailFrom, rcptTo } = session.envelope;
    // smtp-server shows domains in their Unicode form; they came in the ASCII one.
    const recipients = rcptTo.map(({ address }) =>
      address.replace(/[^@]+$/, (domain) => domainToASCII(domain)),
    );
    const socket = sockets.get(session.remotePort);

    const fault = await suffer("DATA", recipients);
    if (fault && "drop" in fault && fault.drop === "inside DATA") {
      await once(stream, "data");
      socket?.destroy();
    }
    // A client that is gone before the answer has to take the mail for undelivered; so it is.
    if (!socket || socket.destroyed) return;

    const source = await buffer(stream);
    const mail = await parseMail(mailFrom ? mailFrom.address : "", recipients, source);
    const copies = fault && "copies" in fault ? fault.copies : 1;
    const late = fault && "late" in fault ? fault.late : 0;
    for (let copy = 0; copy < copies; copy++) {
      if (late) setTimeout(arrive, late, mail).unref();
      else arrive(mail);
    }
    if (fault && "drop" in fault) socket.destroy();
  }

  /** Stalls or refuses if told so; every other fault is left to the caller. */
  async function suffer(stage: MailStage, recipients: string[] = []) {
    const fault = takeFault(stage, recipients);
    if (fault && "stall" in fault) await pause(fault.stall, undefined, { ref: false });
    if (fault && "answer" in fault) {
      throw Object.assign(new Error(fault.words ?? "No"), { responseCode: fault.answer });
    }
    return fault;
  }

  function takeFault(stage: MailStage, recipients: string[]): MailFault | undefined {
    if (typeof behaviour === "string" || !strikes(behaviour, stage, recipients)) return undefined;
    const fault = behaviour;
    if (fault.times === 1) behaviour = "accept";
    else if (fault.times) behaviour = { ...fault, times: fault.times - 1 };
    return fault;
  }

  function arrive(mail: Mail) {
    messages.push({ ...mail, receivedAt: new Date() });
    arrivals.emit("mail");
  }

  async function waitForMail({
    to,
    after,
    subject = anySubjectAskedFor,
    timeout = 10_000,
  }: AwaitedMail): Promise<Mail> {
    const deadline = AbortSignal.timeout(timeout);
    for (;;) {
      const since = after ? messages.indexOf(after) + 1 : 0;
      const mail = messages
        .slice(since)
        .find((mail) => mail.recipients.some(isAddress(to)) && subject.test(mail.subject));
      if (mail) return mail;
      await once(arrivals, "mail", { signal: deadline }).catch(() => {
        const others = messages.map((mail) => `\n  ${mail.recipients}: ${mail.subject}`).join("");
        throw new Error(`No mail to ${to} in ${timeout} ms. Arrived so far: ${others || "none"}`);
      });
    }
  }

  async function behave(next: MailServerBehaviour) {
    behaviour = next;
    if (next === "refuse connections") await hangUp();
    else if (!server) await listen();
  }

  await listen();
  const url = `smtp://127.0.0.1:${port}`;
  return { url, messages, connectedAt, waitForMail, behave, stop: hangUp };
}

/** Lets out one byte at a time of all that is said on a connection from now on. */
function drip(socket: Socket, pauseMs: number) {
  const write = socket.write.bind(socket);
  const waiting: number[] = [];
  socket.write = (chunk: string | Uint8Array) => waiting.push(...Buffer.from(chunk)) > 0;
  const timer = setInterval(() => {
    const [byte] = waiting.splice(0, 1);
    if (byte !== undefined && !socket.destroyed) write(Buffer.from([byte]));
  }, pauseMs);
  socket.once("close", () => clearInterval(timer));
}

/** Hands the outcome of a promise to a callback as `smtp-server` wants it. */
function settle(outcome: Promise<unknown>, next: (error?: Error | null) => void) {
  outcome.then(() => next(), next);
}
