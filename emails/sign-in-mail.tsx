import { Button, Heading, Text } from "react-email";
import { createTranslator } from "use-intl/core";
import messages from "@/messages/en.json";
import { colors, renderFrame } from "./frame";

export type SignInMail = {
  siteName: string;
  recipient: string;
  link: string;
  code: string;
  /** Browser and system of whoever asked, or null when it did not say. */
  device: { browser: string; system: string | null } | null;
  networkAddress: string;
  askedAt: Date;
  expiresAt: Date;
};

/** The one mail that signs a person in: by its link or by its code. In the text part each stands alone on a line. */
export async function renderSignInMail(
  mail: SignInMail,
): Promise<{ subject: string; text: string; html: string }> {
  const t = createTranslator({ locale: "en", messages, timeZone: "UTC" });
  const { siteName, link, code } = mail;
  const asked = t("mail.signIn.asked", {
    device: t("device.name", {
      browser: mail.device?.browser ?? "none",
      system: mail.device?.system ?? "none",
    }),
    networkAddress: mail.networkAddress,
    time: mail.askedAt,
  });
  const expiry = t("mail.signIn.expiry", { time: mail.expiresAt });
  const footer = t("mail.footer", { siteName, recipient: mail.recipient });
  const text = [
    t("mail.signIn.title", { siteName }),
    t("mail.signIn.useLink"),
    link,
    t("mail.signIn.useCode"),
    code,
    expiry,
    asked,
    t("mail.signIn.notYou"),
    `-- \n${footer}`,
  ].join("\n\n");
  const html = await renderFrame({
    siteName,
    preview: t("mail.signIn.preview"),
    footer,
    children: (
      <>
        <Heading
          className="ink"
          as="h1"
          style={{ color: colors.ink, fontSize: 24, lineHeight: "30px", margin: "0 0 20px" }}
        >
          {t("mail.signIn.title", { siteName })}
        </Heading>
        <Button href={link} style={button}>
          {t("mail.signIn.button")}
        </Button>
        <Text className="ink" style={{ ...paragraph, marginTop: 24 }}>
          {t("mail.signIn.useCode")}
        </Text>
        <Text className="code" style={codeBox}>
          {code}
        </Text>
        <Text className="muted" style={small}>
          {expiry}
        </Text>
        <Text className="muted" style={small}>
          {asked} {t("mail.signIn.notYou")}
        </Text>
      </>
    ),
  });
  return { subject: t("mail.signIn.subject", { siteName }), text, html };
}

const paragraph = { color: colors.ink, fontSize: 16, lineHeight: "24px", margin: "0 0 8px" };
const small = { color: colors.muted, fontSize: 14, lineHeight: "21px", margin: "12px 0 0" };

const button = {
  backgroundColor: colors.accent,
  borderRadius: 8,
  color: colors.onAccent,
  fontSize: 16,
  fontWeight: 600,
  padding: "14px 28px",
};

const codeBox = {
  backgroundColor: colors.page,
  border: `1px solid ${colors.line}`,
  borderRadius: 8,
  color: colors.ink,
  fontFamily: "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
  fontSize: 30,
  letterSpacing: 8,
  lineHeight: "36px",
  margin: 0,
  padding: "14px 8px 14px 16px",
  textAlign: "center" as const,
};
