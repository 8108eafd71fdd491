import { z } from "zod";
import type { SignInRequest } from "@/lib/platform/database/client/client";
import { database, type Transaction } from "@/lib/platform/database/database";
import { hashToken } from "@/lib/platform/secrets";
import { cancelMailsTo } from "./outbox";

/** A number has 86 values, of which two tries find one in 43. */
export const mostNumberTries = 2;

/** What a sign-in request has come to. */
type SignInState = "usable" | "used" | "replaced" | "expired";

/** Why it signs nobody in any more, for the browser that asked. */
export type Ending =
  | { problem: "used"; usedAt: Date; userAgent: string }
  /** Without details when it was another browser's mail that was used: that is not this one's business. */
  | {
      problem: "replaced";
      by?: { askedAt: Date; usedAt: Date; userAgent: string; isNewer: boolean };
    }
  | { problem: "expired"; newerAskedAt?: Date };

function stateOf(request: SignInRequest): SignInState {
  if (request.usedAt) return "used";
  if (request.replacedAt) return "replaced";
  return request.expiredAt || request.expiresAt <= new Date() ? "expired" : "usable";
}

/** What a request must be for its link or code to count. */
export function stillUsable() {
  return { usedAt: null, replacedAt: null, expiredAt: null, expiresAt: { gt: new Date() } };
}

/** Why a request signs nobody in any more; null while it does. Never writes. */
export async function peekEnding(request: SignInRequest): Promise<Ending | null> {
  switch (stateOf(request)) {
    case "usable":
      return null;
    case "used":
      return {
        problem: "used",
        usedAt: request.usedAt ?? request.expiresAt,
        userAgent: request.usedUserAgent ?? "",
      };
    case "replaced":
      return await peekReplacement(request);
    case "expired":
      return await peekNewer(request);
  }
}

async function peekReplacement(request: SignInRequest): Promise<Ending> {
  const { replacedById, browserHash } = request;
  const other = await database().signInRequest.findFirst({
    where: { id: replacedById ?? "", browserHash },
  });
  if (!other?.usedAt) return { problem: "replaced" };
  const by = {
    askedAt: other.createdAt,
    usedAt: other.usedAt,
    userAgent: other.usedUserAgent ?? "",
    isNewer: other.createdAt > request.createdAt,
  };
  return { problem: "replaced", by };
}

async function peekNewer({ browserHash, email }: SignInRequest): Promise<Ending> {
  const newer = await database().signInRequest.findFirst({
    where: { browserHash, email, ...stillUsable() },
    orderBy: { createdAt: "desc" },
  });
  return newer ? { problem: "expired", newerAskedAt: newer.createdAt } : { problem: "expired" };
}

/** The newest request of this browser, with the state of its mail: what `/check-email` shows. Never writes. */
export async function peekLatestRequest(browserToken: string) {
  return await database().signInRequest.findFirst({
    where: { browserHash: hashToken(browserToken) },
    orderBy: { createdAt: "desc" },
    include: { mail: { select: { state: true, serverAnswer: true } } },
  });
}

export type LatestRequest = NonNullable<Awaited<ReturnType<typeof peekLatestRequest>>>;

/** How far a browser's sign-in has come: what its page goes by when it looks again. */
export const progress = z.union([
  z.object({ signIn: z.literal("none") }),
  z.object({
    signIn: z.enum(["usable", "used", "replaced", "expired", "approved"]),
    mail: z.object({ state: z.string(), serverAnswer: z.string().nullable() }).nullable(),
  }),
]);

/** How far it has come. Never writes. */
export async function peekProgress(
  request: LatestRequest,
  screenToken: string | undefined,
): Promise<z.infer<typeof progress>> {
  const state = stateOf(request);
  const isApproved = state === "usable" && (await findApproved(request, screenToken)) !== null;
  return { signIn: isApproved ? "approved" : state, mail: request.mail };
}

/** The number that this screen shows, while it can still be typed: another screen of the same browser has its own. */
export function shownNumber(request: SignInRequest, screenToken: string | undefined) {
  const isShown = screenToken !== undefined && hashToken(screenToken) === request.screenHash;
  return isShown && request.numberTries < mostNumberTries ? request.number : null;
}

/** The mail of the same screen, to the same address, on whose page the number has been typed. */
export async function findApproved(
  { browserHash, email }: SignInRequest,
  screenToken: string | undefined,
): Promise<SignInRequest | null> {
  if (!screenToken) return null;
  return await database().signInRequest.findFirst({
    where: {
      browserHash,
      screenHash: hashToken(screenToken),
      email,
      approvedAt: { not: null },
      ...stillUsable(),
    },
  });
}

/**
 * Ends what is pending for an address, and takes back its mails that have not gone out.
 * @param byId the request that was used first, if that is why
 */
export async function endRequestsOf(
  transaction: Transaction,
  email: string,
  byId: string | null = null,
): Promise<void> {
  await transaction.signInRequest.updateMany({
    where: { email, ...stillUsable() },
    data: { replacedAt: new Date(), replacedById: byId },
  });
  await cancelMailsTo(transaction, [email], ["sign-in", "step-up"]);
}
