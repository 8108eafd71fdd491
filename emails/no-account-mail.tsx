import { Heading, Text } from "react-email";
import { type AskedMail, endOf } from "./asked-mail";
import { renderFrame } from "./frame";
import { heading, paragraph } from "./style";

/**
 * For an address that has no account and may make none: the page says the same to everybody, so this mail says why
 * there is nothing to sign in with.
 */
export async function renderNoAccountMail(
  mail: AskedMail,
): Promise<{ subject: string; text: string; html: string }> {
  const { t, footer, ...end } = endOf(mail, "mail.noAccount.notYou");
  const { siteName } = mail;
  const text = [
    t("mail.noAccount.title"),
    t("mail.noAccount.reason", { siteName }),
    ...end.text,
  ].join("\n\n");
  const html = await renderFrame({
    siteName,
    preview: t("mail.noAccount.preview"),
    footer,
    children: (
      <>
        <Heading className="ink" as="h1" style={heading}>
          {t("mail.noAccount.title")}
        </Heading>
        <Text className="ink" style={paragraph}>
          {t("mail.noAccount.reason", { siteName })}
        </Text>
        {end.html}
      </>
    ),
  });
  return { subject: t("mail.noAccount.subject", { siteName }), text, html };
}
