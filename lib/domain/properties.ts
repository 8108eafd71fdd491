import { z } from "zod";
import type { User } from "@/lib/platform/database/client/client";
import { log } from "@/lib/platform/log";

/**
 * What this site keeps about each account beside what signing in needs: make it yours. Administrators edit it as JSON, pages
 * read it from `currentUser().properties`, and nothing that breaks this shape is stored.
 */
const userProperties = z.strictObject({
  company: z.string().trim().min(1).max(100).optional(),
  tags: z.array(z.string().trim().min(1).max(30)).max(20).optional(),
});
export type UserProperties = z.infer<typeof userProperties>;

/** In characters of the JSON text. */
export const longestProperties = 4000;

/** JSON that is none, or is not of the site's shape. */
export class PropertiesRefused extends Error {
  override name = "PropertiesRefused";
}

/**
 * Checks what an administrator has typed.
 * @returns what the site keeps of it
 * @throws {PropertiesRefused} with what is wrong, and where
 */
export function parseProperties(typed: string): UserProperties {
  if (typed.length > longestProperties)
    throw new PropertiesRefused(`Longer than ${longestProperties} characters.`);
  const checked = userProperties.safeParse(parseJson(typed.trim() || "{}"));
  if (checked.success) return checked.data;
  const faults = checked.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join(".")}: ${message}` : message,
  );
  throw new PropertiesRefused(faults.join("; "));
}

/** What is wrong with what was typed, and where; undefined when nothing is. */
export function findPropertiesProblem(typed: string): string | undefined {
  try {
    parseProperties(typed);
    return undefined;
  } catch (error) {
    if (error instanceof PropertiesRefused) return error.message;
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PropertiesRefused(error instanceof Error ? error.message : "This is not JSON.");
  }
}

/** The properties of an account; none when they were stored for another shape, so that what hangs on them stays closed. */
export function readProperties({ id, properties }: Pick<User, "id" | "properties">) {
  if (!properties) return {};
  const checked = userProperties.safeParse(JSON.parse(properties));
  if (checked.success) return checked.data;
  log().warn({ userId: id }, "the properties of an account do not fit the site any more");
  return {};
}
