import { getTranslations } from "next-intl/server";
import { z } from "zod";
import { describeDevice } from "@/lib/domain/device";
import { readPasskeyName } from "@/lib/domain/passkeys";

export const passkeyNameFields = z.object({ name: z.string().default("").catch("") });

/** What a new passkey is called: as its person says, or else after the browser that made it. */
export async function readNewPasskeyName(
  request: Request,
  input: Record<string, unknown>,
): Promise<string> {
  const name = readPasskeyName(passkeyNameFields.parse(input).name);
  if (name) return name;
  const device = describeDevice(request.headers.get("user-agent") ?? "");
  const t = await getTranslations("device");
  return t("name", { browser: device?.browser ?? "none", system: device?.system ?? "none" });
}
