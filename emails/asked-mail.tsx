import { Hr, Text } from "react-email";
import { createTranslator } from "use-intl/core";
import messages from "@/messages/en.json";
import { link, rule, small } from "./style";

/** A mail that somebody asked for on the sign-in page. */
export type AskedMail = {
  siteName: string;
  recipient: string;
  /** Browser and system of whoever asked, or null when it did not say. */
  device: { browser: string; system: string | null } | null;
  networkAddress: string;
  askedAt: Date;
  /** Where the recipient stops such mails of unknown browsers for a day. */
  stopLink: string;
};

/** What all such mails end with, for both parts: who asked, what to do if it was a stranger, and why the recipient got it. */
export function endOf(mail: AskedMail, notYouKey: "mail.signIn.notYou" | "mail.noAccount.notYou") {
  const t = createTranslator({ locale: "en", messages, timeZone: "UTC" });
  const device = t("device.name", {
    browser: mail.device?.browser ?? "none",
    system: mail.device?.system ?? "none",
  });
  const { networkAddress, askedAt: time, siteName, recipient, stopLink } = mail;
  const asked = t("mail.asked", { device, networkAddress, time });
  const notYou = t(notYouKey);
  const footer = t("mail.footer", { siteName, recipient });
  const html = (
    <>
      <Hr className="rule" style={rule} />
      <Text className="muted" style={small}>
        {asked} {notYou}
      </Text>
      <Text className="muted" style={small}>
        {t("mail.stop.text")}{" "}
        <a href={stopLink} style={link}>
          {t("mail.stop.button")}
        </a>
      </Text>
    </>
  );
  const text = [asked, notYou, t("mail.stop.text"), stopLink, `-- \n${footer}`];
  return { t, footer, text, html };
}
