import { AsyncLocalStorage } from "node:async_hooks";
import { skipCSRFCheck } from "@auth/core";
import type { Adapter } from "@auth/core/adapters";
import { PrismaAdapter } from "@auth/prisma-adapter";
import { NextRequest } from "next/server";
import NextAuth from "next-auth";
import { redeem, SignInRefused } from "@/lib/domain/redemption";
import { type SignInAsk, storeSignInRequest, type Visitor } from "@/lib/domain/sign-in-request";
import type { SignInRequest, User } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { environment } from "@/lib/platform/environment";
import { log } from "@/lib/platform/log";
import { randomToken } from "@/lib/platform/secrets";

/**
 * The only Auth.js configuration. Auth.js mints every link token and every session; what it would store by itself
 * (and mail, spend and delete in separate steps) is stored by `lib/domain` in one transaction.
 *
 * No route of Auth.js is mounted, so nothing of it can be called from outside: both functions below call it
 * inside the process and say what for, and without their word its adapter gives out nothing.
 * See docs/decisions/0003-auth-js.md.
 */
type AskErrand = { kind: "ask"; ask: SignInAsk; isStored: boolean; fault?: unknown };
type RedeemErrand = {
  kind: "redeem";
  proven: ProvenSignIn;
  session?: MintedSession;
  fault?: unknown;
};

const errand = new AsyncLocalStorage<AskErrand | RedeemErrand>();

export type ProvenSignIn = {
  /** Its link or code has been proved; nothing has been spent yet. */
  request: SignInRequest;
  visitor: Pick<Visitor, "userAgent" | "networkAddress">;
  /** The session that this browser leaves for the new one. */
  endedSessionToken: string | undefined;
};

export type MintedSession = { token: string; expiresAt: Date; keepSignedIn: boolean; user: User };

/**
 * Mints a link token and stores the request with its mail.
 * @throws when the database does not answer
 */
export async function askForSignIn(ask: SignInAsk): Promise<void> {
  const task: AskErrand = { kind: "ask", ask, isStored: false };
  await run(task, "signin/email", {
    method: "POST",
    body: new URLSearchParams({ email: ask.address.canonical }),
  });
  if (!task.isStored) throw task.fault ?? new Error("Auth.js minted no link token");
}

/**
 * Spends a proven sign-in and mints the session, or does neither.
 * @throws {SignInRefused} when it was spent already, or the account is blocked
 */
export async function mintSession(proven: ProvenSignIn): Promise<MintedSession> {
  const query = new URLSearchParams({ email: proven.request.email, token: proven.request.id });
  const task: RedeemErrand = { kind: "redeem", proven };
  await run(task, `callback/email?${query}`, { method: "GET" });
  if (!task.session) throw task.fault ?? new Error("Auth.js minted no session");
  return task.session;
}

async function run(
  task: AskErrand | RedeemErrand,
  path: string,
  init: { method: "GET" | "POST"; body?: URLSearchParams },
): Promise<void> {
  const request = new NextRequest(new URL(`/api/auth/${path}`, environment().siteUrl), init);
  await errand.run(task, () => handlers()[init.method](request));
}

/** Auth.js answers a fault with a redirect to an error page; this keeps the fault itself. */
async function noteFault<Result>(
  task: AskErrand | RedeemErrand,
  act: () => Promise<Result>,
): Promise<Result> {
  try {
    return await act();
  } catch (fault) {
    task.fault = fault;
    throw fault;
  }
}

function adapter(): Adapter {
  const stored = PrismaAdapter(database());
  return {
    ...stored,
    // Stored with its mail, in `sendVerificationRequest`.
    createVerificationToken: () => null,
    useVerificationToken: async () => {
      const task = errand.getStore();
      if (task?.kind !== "redeem") return null;
      const { id, email, expiresAt } = task.proven.request;
      return { identifier: email, token: id, expires: expiresAt };
    },
    // Nobody is looked up, made or changed before the link is spent: `createSession` does it all at once.
    getUserByEmail: async () => null,
    createUser: async (user) => user,
    createSession: async ({ sessionToken, userId }) => {
      const task = errand.getStore();
      if (task?.kind !== "redeem")
        throw new Error("A session is made only by redeeming a proven sign-in");
      const { request, visitor, endedSessionToken } = task.proven;
      const { session, user } = await noteFault(task, () =>
        redeem(request.id, sessionToken, visitor, endedSessionToken),
      );
      task.session = {
        token: sessionToken,
        expiresAt: session.expiresAt,
        keepSignedIn: session.keepSignedIn,
        user,
      };
      return { sessionToken, userId, expires: session.expiresAt };
    },
  };
}

let minted: ReturnType<typeof NextAuth>["handlers"] | undefined;

function handlers() {
  minted ??= NextAuth({
    adapter: adapter(),
    secret: environment().authSecrets,
    trustHost: true,
    // Only this module can reach it; every route of ours checks the origin itself.
    skipCSRFCheck,
    session: { strategy: "database", generateSessionToken: randomToken },
    providers: [
      {
        id: "email",
        name: "Email",
        type: "email",
        maxAge: environment().linkLifetime / 1000,
        from: environment().mailFrom.address,
        options: {},
        // Canonical already: `lib/domain/email-address` refuses what Auth.js would cut short.
        normalizeIdentifier: (email) => email,
        generateVerificationToken: randomToken,
        sendVerificationRequest: async ({ token }) => {
          const task = errand.getStore();
          if (task?.kind !== "ask")
            throw new Error("A sign-in mail is asked for only through askForSignIn");
          await noteFault(task, () => storeSignInRequest(task.ask, token));
          task.isStored = true;
        },
      },
    ],
    logger: {
      error: (error) => {
        if (!(errand.getStore()?.fault instanceof SignInRefused))
          log().error({ err: error }, "Auth.js");
      },
      warn: () => {},
      debug: () => {},
    },
  }).handlers;
  return minted;
}
