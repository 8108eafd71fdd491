import { otherNumber } from "./program";
import { type App, wrongCode } from "./second-factor";

/**
 * Who may do what a route does:
 *
 * - `everybody`: whoever comes
 * - `secret`: who has the secret that it asks for, whoever that is; the tests have none that lives
 * - `half-signed-in`: who has proved the first factor, and has a second one
 * - `signed-out`: who is not signed in; others are sent on
 * - `signed-in`: who is; others are sent to sign in
 * - `admin`, `super`: who has this scope
 * - `this-machine`: nobody, where mail goes out
 */
export type Who =
  | "everybody"
  | "secret"
  | "half-signed-in"
  | "signed-out"
  | "signed-in"
  | "admin"
  | "super"
  | "this-machine";

/** What stands in a request, so that it would do something for who may. */
export interface Wanted {
  email: string;
  /** Of the mail that proved the first factor. */
  token: string;
  /** Of a passkey of the account, in the forms of its pages. */
  passkeyId: string;
  app: App;
  userId: string;
}

export interface Row {
  who: Who;
  /** Tells whom it refuses so by status, browsers too. */
  isForPrograms?: boolean;
  /** The query of a page. */
  query?: string;
  /** What a form of the handler sends. */
  fields?: (wanted: Wanted) => Record<string, string>;
  /** What of it is not as it is for a stranger, since it belongs to the second factor itself. */
  own?: "GET" | "POST";
  /** Shows the address that was typed in this browser. */
  showsAddress?: boolean;
}

/** What no passkey has answered. */
export const noPasskey = JSON.stringify({ id: "x", response: {} });

let asked = 0;

const onUser = ({ userId }: Wanted) => ({ user: userId });

/** Every page and handler; a new one needs a row here. */
export const rows: Record<string, Row> = {
  "/": { who: "everybody" },
  "/.well-known/jwks.json": { who: "everybody" },
  "/account": { who: "signed-in" },
  "/account/activity": { who: "signed-in" },
  "/account/delete": { who: "signed-in" },
  "/account/delete/now": { who: "signed-in", fields: ({ email }) => ({ email }) },
  "/account/email": { who: "signed-in" },
  "/account/email/change": {
    who: "signed-in",
    fields: ({ email }) => ({ email: `new-${email}` }),
  },
  "/account/email/confirm": { who: "signed-in", query: "?token=x" },
  "/account/email/prove": { who: "signed-in", fields: () => ({ code: "123456" }) },
  "/account/export": { who: "signed-in" },
  "/account/export/download": { who: "signed-in" },
  "/account/name": { who: "signed-in", fields: () => ({ name: "Mallory" }) },
  "/account/sessions": { who: "signed-in" },
  "/account/sessions/end": { who: "signed-in", fields: () => ({ session: "others" }) },
  "/account/two-factor": { who: "signed-in" },
  "/account/two-factor/app": { who: "signed-in" },
  "/account/two-factor/app/begin": { who: "signed-in" },
  "/account/two-factor/app/confirm": {
    who: "signed-in",
    fields: ({ app }) => ({ code: app.code() }),
  },
  "/account/two-factor/app/remove": { who: "signed-in" },
  "/account/two-factor/passkeys": { who: "signed-in" },
  "/account/two-factor/passkeys/add": {
    who: "signed-in",
    fields: () => ({ passkey: noPasskey, name: "Mine" }),
  },
  "/account/two-factor/passkeys/remove": {
    who: "signed-in",
    fields: ({ passkeyId }) => ({ passkey: passkeyId }),
  },
  "/account/two-factor/passkeys/rename": {
    who: "signed-in",
    fields: ({ passkeyId }) => ({ passkey: passkeyId, name: "Mine" }),
  },
  "/account/two-factor/recovery-codes": { who: "signed-in" },
  "/account/two-factor/recovery-codes/new": { who: "signed-in" },
  "/admin/audit": { who: "admin" },
  "/admin/audit/export": { who: "admin" },
  "/admin/doctor": { who: "admin" },
  "/admin/mail": { who: "admin" },
  "/admin/mail/mailings": { who: "admin" },
  "/admin/mail/mailings/[id]": { who: "admin" },
  "/admin/mail/mailings/stop": { who: "admin", fields: () => ({ mailing: "x" }) },
  "/admin/mail/new": { who: "admin" },
  "/admin/mail/new/draft": {
    who: "admin",
    fields: () => ({ subject: "News", text: "Hello", filter: "all" }),
  },
  "/admin/mail/new/preview": { who: "admin", query: "?draft=x" },
  "/admin/mail/new/send": { who: "admin", fields: () => ({ draft: "x" }) },
  "/admin/mail/resend": { who: "admin", fields: () => ({ mail: "x" }) },
  "/admin/users": { who: "admin", query: "?search=person" },
  "/admin/users/[id]": { who: "admin" },
  "/admin/users/block": { who: "admin", fields: (it) => ({ ...onUser(it), reason: "Spam" }) },
  "/admin/users/create": {
    who: "admin",
    fields: ({ email }) => ({ email: `made-${email}`, name: "Mallory" }),
  },
  "/admin/users/delete": { who: "admin", fields: (it) => ({ ...onUser(it), email: it.email }) },
  "/admin/users/invite": { who: "admin", fields: onUser },
  "/admin/users/new": { who: "admin" },
  "/admin/users/properties": {
    who: "admin",
    fields: (it) => ({ ...onUser(it), properties: '{"company":"Mallory & Co"}' }),
  },
  "/admin/users/scopes/grant": {
    who: "super",
    fields: (it) => ({ ...onUser(it), scope: "super" }),
  },
  "/admin/users/scopes/revoke": {
    who: "super",
    fields: (it) => ({ ...onUser(it), scope: "admin" }),
  },
  "/admin/users/second-factor/disable": { who: "admin", fields: onUser },
  "/admin/users/sessions/end": {
    who: "admin",
    fields: (it) => ({ ...onUser(it), session: "all" }),
  },
  "/admin/users/unblock": { who: "admin", fields: onUser },
  "/auth": { who: "everybody", fields: ({ email }) => ({ email: `${asked++}-${email}` }) },
  "/auth/code": { who: "secret", fields: () => ({ code: "123456" }) },
  "/auth/confirm": { who: "secret", fields: ({ token }) => ({ token }) },
  "/auth/continue": { who: "secret" },
  "/auth/not-me": { who: "secret", fields: () => ({ token: "x" }) },
  "/auth/number": {
    who: "secret",
    fields: ({ token }) => ({ token, number: otherNumber("42") }),
  },
  "/auth/passkey": { who: "secret", fields: () => ({ passkey: noPasskey }) },
  "/auth/passkey/options": {
    who: "half-signed-in",
    fields: () => ({ for: "second-factor" }),
    own: "POST",
    isForPrograms: true,
  },
  "/auth/progress": { who: "everybody" },
  "/auth/step-up": {
    who: "signed-in",
    fields: ({ app }) => ({ next: "/account", code: app.code() }),
  },
  "/auth/stop": { who: "secret", fields: () => ({ token: "x" }) },
  "/auth/two-factor": {
    who: "half-signed-in",
    fields: ({ app }) => ({ code: wrongCode(app) }),
    own: "POST",
  },
  // Where the site asks for a second factor and somebody has none, which is told by their attempt.
  "/auth/two-factor/enrol": { who: "secret", fields: ({ app }) => ({ code: app.code() }) },
  "/auth/undo-address": { who: "secret", fields: ({ email }) => ({ token: "x", email }) },
  "/authorize": { who: "signed-in", isForPrograms: true },
  // Leads to the second factor: the mail has done its part.
  "/check-email": { who: "signed-out", own: "GET", showsAddress: true },
  "/confirm": { who: "everybody", query: "?token=x" },
  "/healthz": { who: "everybody" },
  "/mailbox": { who: "this-machine" },
  "/me": { who: "signed-in", isForPrograms: true },
  // Where no token of it is set.
  "/metrics": { who: "this-machine" },
  "/not-me": { who: "everybody", query: "?token=x" },
  "/openapi.json": { who: "everybody" },
  "/private": { who: "signed-in" },
  "/readyz": { who: "everybody" },
  "/resume": { who: "signed-in", query: "?act=x" },
  "/sign-in": { who: "signed-out", query: "?next=/account" },
  "/sign_out": { who: "everybody", own: "POST" },
  "/step-up": { who: "signed-in", query: "?next=/account" },
  "/stop-mails": { who: "everybody", query: "?token=x" },
  "/token": { who: "signed-in", isForPrograms: true },
  "/two-factor": { who: "signed-out", own: "GET", showsAddress: true },
  "/undo-address": { who: "everybody", query: "?token=x" },
};

/** Where the page of a route is, and with what in its query. */
export function addressOf(path: string, { userId }: Pick<Wanted, "userId">): string {
  return path.replace("[id]", userId) + (rows[path]?.query ?? "");
}
