import { z } from "zod";
import { database } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { minutes } from "@/lib/platform/duration";
import { seal, unseal } from "@/lib/platform/secrets";
import type { SignedIn } from "./sessions";

/** How long what was interrupted can go on: longer than a sign-in mail lives. */
const lifetime = minutes(30);

export type Fields = Record<string, string>;
export type PausedAct = { id: string; path: string; fields: Fields };

/**
 * Keeps what somebody wanted to do while they are asked once more who they are.
 * @param path the handler that was asked
 * @returns what to ask for it with
 */
export async function pauseAct(
  { session }: SignedIn,
  path: string,
  fields: Fields,
): Promise<string> {
  const data = {
    sessionId: session.id,
    path,
    sealedFields: seal("paused act", JSON.stringify(fields)),
    expiresAt: new Date(Date.now() + lifetime),
  };
  return await inTransaction(async (transaction) => {
    // One a session: what was interrupted before has been given up. Of two at once the second waits here.
    await transaction.session.updateMany({ where: { id: session.id }, data: { id: session.id } });
    await transaction.pausedAct.deleteMany({ where: { sessionId: session.id } });
    return (await transaction.pausedAct.create({ data })).id;
  });
}

/** What was interrupted in this session; nobody else's can be seen. Changes nothing. */
export async function peekPausedAct({ session }: SignedIn, id: string): Promise<PausedAct | null> {
  const act = await database().pausedAct.findFirst({
    where: { id, sessionId: session.id, expiresAt: { gt: new Date() } },
  });
  if (!act) return null;
  const fields = z
    .record(z.string(), z.string())
    .parse(JSON.parse(unseal("paused act", act.sealedFields)));
  return { id, path: act.path, fields };
}

/** Goes on with it, once: going back in the browser does nothing again. */
export async function consumePausedAct({ session }: SignedIn, id: string): Promise<boolean> {
  const { count } = await database().pausedAct.deleteMany({
    where: { id, sessionId: session.id, expiresAt: { gt: new Date() } },
  });
  return count === 1;
}
