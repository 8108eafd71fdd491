import { getTranslations } from "next-intl/server";
import { type AuditFilter, exportAuditEvents, type ListedEvent } from "@/lib/domain/audit-search";
import { log } from "@/lib/platform/log";
import { wantsPage } from "./accept";
import { seeOther } from "./answer";
import type { AskedFilter } from "./audit-filter";
import { csvLines } from "./csv";
import { Problem } from "./problem";
import { queryString } from "./query";

/** Whoever reads the file relies on these names and their order; docs/audit.md says what they mean. */
const columns = [
  "time",
  "id",
  "type",
  "act",
  "user_id",
  "user_email",
  "actor",
  "actor_email",
  "network_address",
  "user_agent",
  "details",
];

/**
 * The audit trail as a file, written while it is read: of any length, in little memory.
 * @throws when its beginning cannot be read; later, the answer breaks off, so that nobody takes half of it for the whole
 */
export async function answerWithAuditTrail(filter: AuditFilter): Promise<Response> {
  const pages = exportAuditEvents(filter);
  const first = await pages.next();
  const day = new Date().toISOString().slice(0, 10);
  return new Response(streamOf(pieces(first.done ? [] : first.value, pages)), {
    headers: {
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": `attachment; filename="audit-${day}.csv"`,
      "cache-control": "no-store",
    },
  });
}

async function* pieces(
  first: ListedEvent[],
  rest: AsyncGenerator<ListedEvent[]>,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  try {
    yield encoder.encode(csvLines([columns, ...first.map(cellsOf)]));
    for await (const events of rest) yield encoder.encode(csvLines(events.map(cellsOf)));
  } catch (error) {
    log().error({ err: error }, "an export of the audit trail broke off");
    throw error;
  }
}

/** Asks for the next piece when the last one has gone, and for none when nobody takes it any more. */
function streamOf(from: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await from.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => void (await from.return(undefined)),
  });
}

function cellsOf(event: ListedEvent): (string | null)[] {
  return [
    event.createdAt.toISOString(),
    event.id,
    event.type,
    event.act,
    event.userId,
    event.subject?.email ?? null,
    event.actor,
    event.doer?.email ?? null,
    event.networkAddress,
    event.userAgent,
    event.details,
  ];
}

/** Back to the page, which says what is wrong with its fields; to a program, a problem that does. */
export async function refuseAuditFilter(
  request: Request,
  page: string,
  { typed, problems }: AskedFilter,
): Promise<Response> {
  if (wantsPage(request.headers)) return seeOther(page + queryString(typed));
  const t = await getTranslations("admin.audit.problem");
  const errors = Object.entries(problems).map(([field, code]) => ({
    field,
    code,
    detail: t(code),
  }));
  throw new Problem(422, errors.map(({ detail }) => detail).join(" "), { errors });
}
