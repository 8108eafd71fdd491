import { cookies } from "next/headers";

/** The time zone of the browser as its pages have told it (`tellTimeZone`), or null when they have not. */
export async function readTimeZone(): Promise<string | null> {
  const given = (await cookies()).get("time_zone")?.value ?? "";
  return isTimeZone(given) ? given : null;
}

/** Only names of the IANA list: what is stored is written into mails. */
function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][\w+/-]{1,40}$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
