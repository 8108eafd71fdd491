import { createTranslator } from "use-intl/core";
import messages from "@/messages/en.json";
import { type Block, type Letter, type RenderedMail, renderLetter } from "./letter";

/** What every mail says: for which site, and to whom. */
type Envelope = { siteName: string; recipient: string };

/** What most mails say besides: what whoever caused it looked like. */
export type About = Envelope & {
  /** Browser and system of whoever did it, or null when it did not say. */
  device: { browser: string; system: string | null } | null;
  networkAddress: string;
  at: Date;
  /** In which times are told: that of the browser that asked, or of the person. */
  timeZone: string;
};

type SignIn = About & { link: string; code: string; expiresAt: Date; stopLink: string };

/** The one mail that signs a person in: by its link or by its code. In the text part each stands alone on a line. */
export function renderSignInMail(mail: SignIn): Promise<RenderedMail> {
  const { t, write, asked, footer } = pen(mail);
  const { siteName } = mail;
  return write(footer, {
    subject: t("mail.signIn.subject", { siteName }),
    preview: t("mail.signIn.preview"),
    title: t("mail.signIn.title", { siteName }),
    blocks: [
      {
        kind: "button",
        lead: t("mail.signIn.useLink"),
        label: t("mail.signIn.button"),
        href: mail.link,
      },
      { kind: "code", lead: t("mail.signIn.useCode"), code: mail.code },
      note(t("mail.expiry", { time: mail.expiresAt })),
      { kind: "rule" },
      note(`${asked} ${t("mail.signIn.notYou")}`),
      stop(t, mail.stopLink),
    ],
  });
}

type NoAccount = About & { isReserved: boolean; stopLink: string };

/** For an address that has no account and may make none: the page says the same to everybody, so this mail says why. */
export function renderNoAccountMail(mail: NoAccount): Promise<RenderedMail> {
  const { t, write, asked, footer } = pen(mail);
  const { siteName, isReserved } = mail;
  return write(footer, {
    subject: t("mail.noAccount.subject", { siteName }),
    preview: t("mail.noAccount.preview"),
    title: t("mail.noAccount.title"),
    blocks: [
      {
        kind: "text",
        text: t(isReserved ? "mail.noAccount.reserved" : "mail.noAccount.reason", { siteName }),
      },
      { kind: "rule" },
      note(`${asked} ${t("mail.nothingToDo")}`),
      stop(t, mail.stopLink),
    ],
  });
}

type StepUp = About & {
  link: string;
  code: string;
  expiresAt: Date;
  /** What the person wanted to do. */
  act:
    | "change-address"
    | "export"
    | "delete"
    | "add-factor"
    | "remove-factor"
    | "recovery-codes"
    | "administer"
    | "other";
  sessionsLink: string;
};

/** Asks somebody who is signed in once more who they are, before something that matters. */
export function renderStepUpMail(mail: StepUp): Promise<RenderedMail> {
  const { t, write, asked, accountFooter } = pen(mail);
  return write(accountFooter, {
    subject: t("mail.stepUp.subject", { siteName: mail.siteName }),
    preview: t("mail.stepUp.preview"),
    title: t("mail.stepUp.title"),
    blocks: [
      { kind: "text", text: t(`mail.stepUp.act.${mail.act}`, { siteName: mail.siteName }) },
      {
        kind: "button",
        lead: t("mail.stepUp.useLink"),
        label: t("mail.stepUp.button"),
        href: mail.link,
      },
      { kind: "code", lead: t("mail.stepUp.useCode"), code: mail.code },
      note(t("mail.expiry", { time: mail.expiresAt })),
      { kind: "rule" },
      note(asked),
      {
        kind: "link",
        lead: t("mail.stepUp.notYou"),
        label: t("mail.stepUp.sessions"),
        href: mail.sessionsLink,
      },
    ],
  });
}

type AddressChange = About & { link: string; code: string; expiresAt: Date; formerEmail: string };

/** Asks the reader of a new address whether it is to be the account's. */
export function renderAddressChangeMail(mail: AddressChange): Promise<RenderedMail> {
  const { t, write, asked, footer } = pen(mail);
  const { siteName, formerEmail } = mail;
  return write(footer, {
    subject: t("mail.addressChange.subject", { siteName }),
    preview: t("mail.addressChange.preview"),
    title: t("mail.addressChange.title"),
    blocks: [
      { kind: "text", text: t("mail.addressChange.reason", { siteName, formerEmail }) },
      {
        kind: "button",
        lead: t("mail.addressChange.useLink"),
        label: t("mail.addressChange.button"),
        href: mail.link,
      },
      { kind: "code", lead: t("mail.addressChange.useCode"), code: mail.code },
      note(t("mail.expiry", { time: mail.expiresAt })),
      { kind: "rule" },
      note(`${asked} ${t("mail.nothingToDo")}`),
    ],
  });
}

/** Tells the owner of an address that somebody wanted it for another account: the page does not say that it is taken. */
export function renderAddressTakenMail(mail: About): Promise<RenderedMail> {
  const { t, write, asked, accountFooter } = pen(mail);
  const { siteName } = mail;
  return write(accountFooter, {
    subject: t("mail.addressTaken.subject", { siteName }),
    preview: t("mail.addressTaken.preview"),
    title: t("mail.addressTaken.title"),
    blocks: [
      { kind: "text", text: t("mail.addressTaken.reason", { siteName }) },
      { kind: "rule" },
      note(`${asked} ${t("mail.nothingToDo")}`),
    ],
  });
}

type Security = About & {
  notice:
    | "new-device"
    | "address-changed"
    | "address-restored"
    | "address-undone"
    | "app-added"
    | "app-replaced"
    | "app-removed"
    | "passkey-added"
    | "passkey-removed"
    | "recovery-codes-renewed"
    | "recovery-code-used"
    | "factor-paused"
    | "factor-disabled"
    | "blocked"
    | "unblocked"
    | "scopes-changed"
    | "sessions-ended";
  /** What ends it, if it was somebody else. After a change of address, `undoLink` does that and more. */
  notMeLink: string;
  undoLink: string | null;
  /** After a change of address. */
  newEmail: string | null;
};

/** Which browser of an administrator it was is not the person's business. */
const byAdministrators = [
  "factor-disabled",
  "blocked",
  "unblocked",
  "scopes-changed",
  "sessions-ended",
] as const;

/** Tells the owner of an account what has happened to it, and how to stop it. */
export function renderSecurityMail(mail: Security): Promise<RenderedMail> {
  const { t, write, done, accountFooter } = pen(mail);
  const { notice, siteName, undoLink, recipient, notMeLink, at } = mail;
  const isByAdministrator = byAdministrators.some((known) => known === notice);
  const values = { siteName, newEmail: mail.newEmail ?? "", recipient };
  const wayOut: Block = undoLink
    ? {
        kind: "button",
        lead: t("mail.security.undo"),
        label: t("mail.security.undoButton"),
        href: undoLink,
      }
    : {
        kind: "link",
        lead: t("mail.security.notMe"),
        label: t("mail.security.notMeLink"),
        href: notMeLink,
      };
  return write(accountFooter, {
    subject: t(`mail.security.${notice}.subject`, values),
    preview: t(`mail.security.${notice}.preview`, values),
    title: t(`mail.security.${notice}.title`, values),
    blocks: [
      { kind: "text", text: t(`mail.security.${notice}.what`, values) },
      note(
        isByAdministrator
          ? t("mail.security.byAdministrator", { time: at })
          : `${done} ${t("mail.security.wasYou")}`,
      ),
      wayOut,
    ],
  });
}

/** The last mail that an account gets. */
export function renderAccountDeletedMail(
  mail: About & { isByAdministrator: boolean },
): Promise<RenderedMail> {
  const { t, write, done, accountFooter } = pen(mail);
  const { siteName, isByAdministrator, at } = mail;
  return write(accountFooter, {
    subject: t("mail.deleted.subject", { siteName }),
    preview: t("mail.deleted.preview"),
    title: t("mail.deleted.title"),
    blocks: [
      { kind: "text", text: t("mail.deleted.what", { siteName }) },
      note(
        isByAdministrator
          ? t("mail.security.byAdministrator", { time: at })
          : `${done} ${t("mail.deleted.notYou")}`,
      ),
    ],
  });
}

type Invitation = Envelope & { link: string };

/** Tells somebody that an account has been made for them. Its link only leads to the sign-in page: it is no secret. */
export function renderInvitationMail(mail: Invitation): Promise<RenderedMail> {
  const { t, write } = stationery(mail, "UTC");
  const { siteName, recipient, link } = mail;
  return write(t("mail.invitation.footer", { siteName, recipient }), {
    subject: t("mail.invitation.subject", { siteName }),
    preview: t("mail.invitation.preview"),
    title: t("mail.invitation.title", { siteName }),
    blocks: [
      { kind: "text", text: t("mail.invitation.what", { siteName }) },
      {
        kind: "button",
        lead: t("mail.invitation.useLink"),
        label: t("mail.invitation.button"),
        href: link,
      },
      note(t("mail.invitation.notYou")),
    ],
  });
}

type Message = Envelope & {
  subject: string;
  /** Blank lines part its paragraphs. */
  text: string;
  button: { label: string; url: string } | null;
};

/** What the owner of the site writes, in its words alone. */
export function renderMessageMail(mail: Message): Promise<RenderedMail> {
  const { t, write } = stationery(mail, "UTC");
  const { siteName, recipient, subject, text, button } = mail;
  const paragraphs = text.split(/\n[ \t]*\n\s*/);
  return write(t("mail.message.footer", { siteName, recipient }), {
    subject,
    preview: paragraphs[0]?.slice(0, 150) ?? "",
    title: subject,
    blocks: [
      ...paragraphs.map((paragraph): Block => ({ kind: "prose", text: paragraph })),
      ...(button
        ? [{ kind: "button" as const, lead: button.label, label: button.label, href: button.url }]
        : []),
    ],
  });
}

/** What a mail is written with that tells of somebody's doings: who did it, in words. */
function pen(about: About) {
  const { siteName, recipient, networkAddress, at, timeZone } = about;
  const { t, write } = stationery(about, timeZone);
  const device = t("device.name", {
    browser: about.device?.browser ?? "none",
    system: about.device?.system ?? "none",
  });
  return {
    t,
    write,
    footer: t("mail.footer", { siteName, recipient }),
    accountFooter: t("mail.accountFooter", { siteName, recipient }),
    asked: t("mail.asked", { device, networkAddress, time: at }),
    done: t("mail.done", { device, networkAddress, time: at }),
  };
}

/** What every mail is written with: its language, and the name of the site. */
function stationery({ siteName }: Envelope, timeZone: string) {
  const t = createTranslator({ locale: "en", messages, timeZone });
  const write = (footer: string, letter: Omit<Letter, "siteName" | "footer">) =>
    renderLetter({ siteName, footer, ...letter });
  return { t, write };
}

type Translator = ReturnType<typeof stationery>["t"];

function stop(t: Translator, href: string): Block {
  return { kind: "link", lead: t("mail.stop.text"), label: t("mail.stop.button"), href };
}

function note(text: string): Block {
  return { kind: "note", text };
}
