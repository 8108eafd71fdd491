import type { User } from "@/lib/platform/database/client/client";
import type { Transaction } from "@/lib/platform/database/database";

/** How long a word may be: the longest address. */
const longestWord = 254;
/** So many words of a name are found. */
const mostTerms = 20;

/** Keeps the words by which a person is found, in the transaction that changes their name or address. */
export async function indexUser(
  transaction: Transaction,
  { id: userId, email, name }: Pick<User, "id" | "email" | "name">,
): Promise<void> {
  await transaction.userSearchTerm.deleteMany({ where: { userId } });
  await transaction.userSearchTerm.createMany({
    data: termsOf(email, name).map((term) => ({ term, userId })),
  });
}

/** The address, its domain, and the words of both and of the name. */
function termsOf(email: string, name: string | null): string[] {
  const [local = "", domain = ""] = email.split("@");
  // The name first: an address of many parts must not crowd it out.
  const words = [name ?? "", local, domain].flatMap(wordsOf);
  return [...new Set([email, domain, ...words])].slice(0, mostTerms);
}

/** The words of a text, in the form in which they are compared. */
export function wordsOf(text: string): string[] {
  return fold(text)
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter(Boolean)
    .map((word) => word.slice(0, longestWord));
}

/** Without case, and full width is none. */
export function fold(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}
