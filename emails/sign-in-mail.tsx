import { Button, Heading, Hr, Text } from "react-email";
import { createTranslator } from "use-intl/core";
import messages from "@/messages/en.json";
import { colors, fonts, renderFrame } from "./frame";

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
        <Heading className="ink" as="h1" style={heading}>
          {t("mail.signIn.title", { siteName })}
        </Heading>
        <Button className="button" href={link} style={button}>
          {t("mail.signIn.button")}
        </Button>
        <Text className="ink" style={paragraph}>
          {t("mail.signIn.useCode")}
        </Text>
        <Text className="code" style={codeBox} dir="ltr">
          {code}
        </Text>
        <Text className="muted" style={small}>
          {expiry}
        </Text>
        <Hr className="rule" style={rule} />
        <Text className="muted" style={small}>
          {asked} {t("mail.signIn.notYou")}
        </Text>
      </>
    ),
  });
  return { subject: t("mail.signIn.subject", { siteName }), text, html };
}

const heading = {
  color: colors.ink,
  fontFamily: fonts.display,
  fontSize: 28,
  fontWeight: 600,
  letterSpacing: "-0.01em",
  lineHeight: "34px",
  margin: "0 0 24px",
};

const button = {
  backgroundColor: colors.accent,
  // Clients that lay a dark colour over the ground keep the edge.
  border: `1px solid ${colors.accent}`,
  borderRadius: 6,
  color: colors.onAccent,
  fontSize: 17,
  fontWeight: 600,
  lineHeight: "20px",
  padding: "14px 36px",
  textAlign: "center" as const,
};

const paragraph = {
  color: colors.ink,
  fontSize: 16,
  lineHeight: "24px",
  margin: "28px 0 10px",
};

const codeBox = {
  backgroundColor: colors.page,
  border: `1px solid ${colors.line}`,
  borderRadius: 6,
  color: colors.ink,
  fontFamily: fonts.text,
  fontSize: 32,
  fontVariantNumeric: "tabular-nums",
  fontWeight: 600,
  letterSpacing: 9,
  lineHeight: "36px",
  margin: 0,
  // The space after the last digit is made up for in front of the first.
  padding: "16px 8px 16px 17px",
  textAlign: "center" as const,
};

const small = {
  color: colors.muted,
  fontSize: 14,
  lineHeight: "22px",
  margin: "16px 0 0",
  overflowWrap: "anywhere" as const,
};

const rule = { borderTop: `1px solid ${colors.line}`, margin: "24px 0 0" };
