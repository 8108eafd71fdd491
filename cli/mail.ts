import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Audience } from "@/lib/domain/audience";
import { emailUser } from "@/lib/domain/email-user";
import { resendMail, resendRefusedMails } from "@/lib/domain/mail-administration";
import { listMails, type MailState, mailStates } from "@/lib/domain/mail-search";
import { renderMessage } from "@/lib/domain/mail-worker";
import {
  beginMailing,
  findMailing,
  highestPace,
  isPace,
  requireAudience,
  stopMailing,
  usualPace,
} from "@/lib/domain/mailings";
import { checkMessage, type Message } from "@/lib/domain/message";
import { type UserFilter, userFilters } from "@/lib/domain/user-search";
import { readLimit } from "./limit";
import { watchMailing } from "./mailing-progress";
import { isForPrograms, printDone, printJson, printRows } from "./output";
import { operator, Refusal, requireAccount } from "./refusal";

type SendOptions = {
  to?: string;
  search?: string;
  filter?: UserFilter;
  subject: string;
  text?: string;
  file?: string;
  buttonLabel?: string;
  buttonUrl?: string;
  perMinute: number;
  yes?: true;
  wait: boolean;
};

export function addMailCommands(latchkey: Command): void {
  const mail = latchkey.command("mail").description("what the site sends");
  mail
    .command("send")
    .description("writes to one user, or to all whom a search and a filter find")
    .option("--to <who>", "one user")
    .option("--search <words>", "all whose address or name has words that begin so")
    .addOption(new Option("--filter <which>", "all of these").choices(userFilters))
    .requiredOption("--subject <line>", "one line")
    .option("--text <text>", "plain text; blank lines part paragraphs")
    .option("--file <path>", "a file with the text; - for standard input")
    .option("--button-label <words>", "a button below the text")
    .option("--button-url <address>", "where the button leads")
    .option("--per-minute <number>", "how many mails a minute at most", readPace, usualPace)
    .option("--yes", "sends to many; without it, shows what would be sent, and to how many")
    .option("--no-wait", "does not wait until the site has sent them")
    .action(async (options: SendOptions, command: Command) => {
      const { to, search, filter } = options;
      const isToMany = search !== undefined || filter !== undefined;
      if ((to !== undefined) === isToMany)
        command.error("error: give either --to, or --search or --filter (--filter all for all)");
      if (to === undefined && filter === undefined && !search?.trim())
        command.error("error: --search is empty; --filter all writes to all");
      const message = checkMessage(readMessage(options, command));
      if (to !== undefined) return await sendToOne(to, message, command);
      await sendToMany(
        { search: search ?? "", filter: filter ?? "all" },
        message,
        options,
        command,
      );
    });
  mail
    .command("stop <mailing>")
    .description("stops a mailing, and takes back what has not gone out")
    .action(async (id: string, _, command: Command) => {
      await stopMailing(operator, id);
      printDone(command, "Stopped.");
    });
  mail
    .command("list")
    .description("lists the newest mails; they are known for 30 days")
    .addOption(new Option("--state <which>", "which").choices(mailStates))
    .option("--limit <number>", "how many at most", readLimit, 50)
    .action(async ({ state, limit }: { state?: MailState; limit: number }, command: Command) => {
      const filter = { state: state ?? null, recipient: null };
      const { mails } = await listMails(filter, undefined, limit);
      printRows(
        command,
        mails.map(({ id, createdAt, recipient, template, state, attempts, serverAnswer }) => ({
          id,
          made: createdAt,
          to: recipient,
          kind: template,
          state,
          attempts,
          answer: serverAnswer,
        })),
      );
    });
  mail
    .command("retry [mail]")
    .description("sends a mail again that was given up; not one that signs somebody in")
    .option("--all-refused", "all that the mail server refused")
    .action(async (id: string | undefined, options: { allRefused?: true }, command: Command) => {
      if (Boolean(id) === Boolean(options.allRefused))
        command.error("error: give the id of a mail, or --all-refused");
      if (id) await resendMail(operator, id);
      const count = id ? 1 : await resendRefusedMails(operator);
      printDone(command, `${count} queued again.`, { count });
    });
}

function readMessage(options: SendOptions, command: Command) {
  const { subject, text, file, buttonLabel: label, buttonUrl: url } = options;
  if ((text === undefined) === (file === undefined))
    command.error("error: give either --text or --file");
  const button = label || url ? { label: label ?? "", url: url ?? "" } : null;
  return { subject, text: text ?? readFileSync(file === "-" ? 0 : (file ?? ""), "utf8"), button };
}

async function sendToOne(who: string, message: Message, command: Command): Promise<void> {
  const user = await requireAccount(who);
  const id = await emailUser(operator, user.id, message);
  printDone(command, `The mail to ${user.email} waits to be sent: ${id}`, { id });
}

async function sendToMany(
  audience: Audience,
  message: Message,
  { perMinute, yes, wait }: SendOptions,
  command: Command,
): Promise<void> {
  const count = await requireAudience(audience, perMinute);
  if (!yes) return await preview(message, count, command);
  const id = await beginMailing(operator, message, audience, perMinute);
  const mailing = wait ? await watchMailing(id) : await findMailing(id);
  const { queued = 0, accepted = 0, refused = 0, expired = 0 } = mailing ?? {};
  const result = { id, total: count, queued, accepted, refused, expired };
  if (!wait) return printDone(command, `The mailing has begun: ${id}`, result);
  printDone(command, `${accepted} sent, ${refused} refused, ${expired} not sent.`, result);
  if (refused + expired > 0)
    throw new Refusal("See latchkey mail list --state refused, and latchkey mail retry.");
}

/** @throws {Refusal} always: nothing is sent */
async function preview(message: Message, count: number | null, command: Command): Promise<void> {
  const { subject, text } = await renderMessage(message, "ann@example.org");
  const toHowMany = count ?? "more than can be counted";
  if (isForPrograms(command)) printJson({ done: false, count, subject, text });
  else console.log(`Subject: ${subject}\n\n${text}\n`);
  throw new Refusal(`Nothing has been sent. To send it to ${toHowMany}, repeat it with --yes.`);
}

function readPace(text: string): number {
  if (isPace(Number(text))) return Number(text);
  throw new InvalidArgumentError(`A whole number from 1 to ${highestPace}.`);
}
