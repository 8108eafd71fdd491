import { Resolver } from "node:dns/promises";
import { seconds } from "./duration";

/** What DNS says of a domain that sends mail. Each question throws when the name servers give no answer. */
export type MailRecords = ReturnType<typeof mailRecords>;

/** @param servers other name servers than the system's, as `address:port` */
export function mailRecords(servers?: string[]) {
  const resolver = new Resolver({ timeout: seconds(2), tries: 2 });
  if (servers) resolver.setServers(servers);
  return {
    /** The TXT records of a name, each in one piece (RFC 7208 3.3); none when there is no such name. */
    listTexts: async (name: string): Promise<string[]> =>
      (await orNone(resolver.resolveTxt(name))).map((parts) => parts.join("")),
    /** Whether a domain takes mail: an address counts as well, and "." is a no (RFC 5321 5.1, RFC 7505). */
    takesMail: async (domain: string): Promise<boolean> => {
      const exchanges = await orNone(resolver.resolveMx(domain));
      if (exchanges.length > 0) return exchanges.some(({ exchange }) => exchange !== "");
      const addresses = [resolver.resolve4(domain), resolver.resolve6(domain)].map(orNone);
      return (await Promise.all(addresses)).flat().length > 0;
    },
  };
}

async function orNone<Answer>(question: Promise<Answer[]>): Promise<Answer[]> {
  try {
    return await question;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A name that cannot be asked for is not there either.
    if (code === "ENOTFOUND" || code === "ENODATA" || code === "EBADNAME") return [];
    throw error;
  }
}
