import { AsyncLocalStorage } from "node:async_hooks";
import { skipCSRFCheck } from "@auth/core";
import type { Adapter } from "@auth/core/adapters";
import { PrismaAdapter } from "@auth/prisma-adapter";
import { NextRequest } from "next/server";
import NextAuth from "next-auth";
import { type Proved, type Redeemed, redeem } from "@/lib/domain/redemption";
import { type SignInAsk, storeSignInRequest, type Visitor } from "@/lib/domain/sign-in-request";
import type { StartedAttempt } from "@/lib/domain/two-factor-attempt";
import type { User } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { minutes } from "@/lib/platform/duration";
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
  outcome?: SignInOutcome;
  fault?: unknown;
};

const errands = new AsyncLocalStorage<AskErrand | RedeemErrand>();

export type ProvenSignIn = {
  /** Nothing of it has been spent yet. */
  proved: Proved;
  /** The address of the account. */
  email: string;
  visitor: Visitor;
  /** The value of the session cookie that this browser has had. */
  formerSessionToken: string | undefined;
};

export type MintedSession = {
  token: string;
  /** When it ends unless it is renewed. */
  expiresAt: Date;
  /** When it ends at the latest. */
  endsAt: Date;
  keepSignedIn: boolean;
  user: User;
};

/** A session, or a sign-in that waits for its second factor and is none yet. */
export type SignInOutcome = { session: MintedSession } | { attempt: StartedAttempt };

/**
 * Mints a link token and stores the request with its mail.
 * @throws when the database does not answer
 */
export async function askForSignIn(ask: SignInAsk): Promise<void> {
  const errand: AskErrand = { kind: "ask", ask, isStored: false };
  await run(errand, "signin/email", {
    method: "POST",
    body: new URLSearchParams({ email: ask.address.canonical }),
  });
  if (!errand.isStored) throw errand.fault ?? new Error("Auth.js minted no link token");
}

/**
 * Spends what has been proved and mints the session, or does neither. Where a second factor is asked for, only what waits
 * for it is kept.
 * @throws {SignInRefused} when it was spent already, or the account is blocked
 */
export async function mintSession(proven: ProvenSignIn): Promise<SignInOutcome> {
  const query = new URLSearchParams({ email: proven.email, token: "proven" });
  const errand: RedeemErrand = { kind: "redeem", proven };
  await run(errand, `callback/email?${query}`, { method: "GET" });
  if (!errand.outcome) throw errand.fault ?? new Error("Auth.js minted no session");
  return errand.outcome;
}

async function run(
  errand: AskErrand | RedeemErrand,
  path: string,
  init: { method: "GET" | "POST"; body?: URLSearchParams },
): Promise<void> {
  const request = new NextRequest(new URL(`/api/auth/${path}`, environment().siteUrl), init);
  await errands.run(errand, () => handlersOfAuth()[init.method](request));
}

/** Auth.js answers a fault with a redirect to an error page; this keeps the fault itself. */
async function noteFault<Result>(
  errand: AskErrand | RedeemErrand,
  act: () => Promise<Result>,
): Promise<Result> {
  try {
    return await act();
  } catch (fault) {
    errand.fault = fault;
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
      const errand = errands.getStore();
      if (errand?.kind !== "redeem") return null;
      // Whether it can be spent, and how long, is known to `redeem` alone.
      return { identifier: errand.proven.email, token: "proven", expires: inAMinute() };
    },
    // Nobody is looked up, made or changed before the link is spent: `createSession` does it all at once.
    getUserByEmail: async () => null,
    createUser: async (user) => user,
    createSession: async ({ sessionToken, userId }) => {
      const errand = errands.getStore();
      if (errand?.kind !== "redeem")
        throw new Error("A session is made only by redeeming a proven sign-in");
      const { proved, visitor, formerSessionToken } = errand.proven;
      const redeemed = await noteFault(errand, () =>
        redeem(proved, { sessionToken, formerSessionToken, visitor }),
      );
      errand.outcome = outcomeOf(redeemed, sessionToken);
      // What Auth.js makes of this is a cookie in an answer that nobody gets.
      return { sessionToken, userId, expires: inAMinute() };
    },
  };
}

function outcomeOf(redeemed: Redeemed, token: string): SignInOutcome {
  if ("attempt" in redeemed) return redeemed;
  const { session, user } = redeemed;
  const { expiresAt, endsAt, keepSignedIn } = session;
  return { session: { token, expiresAt, endsAt: endsAt ?? expiresAt, keepSignedIn, user } };
}

function inAMinute(): Date {
  return new Date(Date.now() + minutes(1));
}

let authHandlers: ReturnType<typeof NextAuth>["handlers"] | undefined;

function handlersOfAuth() {
  authHandlers ??= NextAuth({
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
          const errand = errands.getStore();
          if (errand?.kind !== "ask")
            throw new Error("A sign-in mail is asked for only through askForSignIn");
          await noteFault(errand, () => storeSignInRequest(errand.ask, token));
          errand.isStored = true;
        },
      },
    ],
    logger: {
      error: (error) => {
        // Its own fault is thrown to whoever sent the errand, who says what becomes of it.
        if (errands.getStore()?.fault === undefined) log().error({ err: error }, "Auth.js");
      },
      warn: () => {},
      debug: () => {},
    },
  }).handlers;
  return authHandlers;
}
