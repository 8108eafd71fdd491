import { Button, Heading, Text } from "react-email";
import { type AskedMail, endOf } from "./asked-mail";
import { renderFrame } from "./frame";
import { button, codeBox, heading, paragraph, small } from "./style";

export type SignInMail = AskedMail & { link: string; code: string; expiresAt: Date };

/** The one mail that signs a person in: by its link or by its code. In the text part each stands alone on a line. */
export async function renderSignInMail(
  mail: SignInMail,
): Promise<{ subject: string; text: string; html: string }> {
  const { t, footer, ...end } = endOf(mail, "mail.signIn.notYou");
  const { siteName, link, code } = mail;
  const expiry = t("mail.signIn.expiry", { time: mail.expiresAt });
  const text = [
    t("mail.signIn.title", { siteName }),
    t("mail.signIn.useLink"),
    link,
    t("mail.signIn.useCode"),
    code,
    expiry,
    ...end.text,
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
        {end.html}
      </>
    ),
  });
  return { subject: t("mail.signIn.subject", { siteName }), text, html };
}
