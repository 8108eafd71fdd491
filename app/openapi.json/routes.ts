import type { Route } from "@/lib/web/openapi";

/** Every handler but the one that describes them; a test holds the list against the folders. */
const routes: Record<string, () => Promise<Route>> = {
  "/.well-known/jwks.json": () => import("../.well-known/jwks.json/route"),
  "/account/delete/now": () => import("../account/delete/now/route"),
  "/account/email/change": () => import("../account/email/change/route"),
  "/account/email/prove": () => import("../account/email/prove/route"),
  "/account/export/download": () => import("../account/export/download/route"),
  "/account/name": () => import("../account/name/route"),
  "/account/sessions/end": () => import("../account/sessions/end/route"),
  "/account/two-factor/app/begin": () => import("../account/two-factor/app/begin/route"),
  "/account/two-factor/app/confirm": () => import("../account/two-factor/app/confirm/route"),
  "/account/two-factor/app/remove": () => import("../account/two-factor/app/remove/route"),
  "/account/two-factor/passkeys/add": () => import("../account/two-factor/passkeys/add/route"),
  "/account/two-factor/passkeys/remove": () =>
    import("../account/two-factor/passkeys/remove/route"),
  "/account/two-factor/passkeys/rename": () =>
    import("../account/two-factor/passkeys/rename/route"),
  "/account/two-factor/recovery-codes/new": () =>
    import("../account/two-factor/recovery-codes/new/route"),
  "/admin/audit/export": () => import("../admin/audit/export/route"),
  "/admin/mail/mailings/stop": () => import("../admin/mail/mailings/stop/route"),
  "/admin/mail/new/draft": () => import("../admin/mail/new/draft/route"),
  "/admin/mail/new/send": () => import("../admin/mail/new/send/route"),
  "/admin/mail/resend": () => import("../admin/mail/resend/route"),
  "/admin/users/block": () => import("../admin/users/block/route"),
  "/admin/users/create": () => import("../admin/users/create/route"),
  "/admin/users/delete": () => import("../admin/users/delete/route"),
  "/admin/users/invite": () => import("../admin/users/invite/route"),
  "/admin/users/properties": () => import("../admin/users/properties/route"),
  "/admin/users/scopes/grant": () => import("../admin/users/scopes/grant/route"),
  "/admin/users/scopes/revoke": () => import("../admin/users/scopes/revoke/route"),
  "/admin/users/second-factor/disable": () => import("../admin/users/second-factor/disable/route"),
  "/admin/users/sessions/end": () => import("../admin/users/sessions/end/route"),
  "/admin/users/unblock": () => import("../admin/users/unblock/route"),
  "/auth": () => import("../auth/route"),
  "/auth/code": () => import("../auth/code/route"),
  "/auth/confirm": () => import("../auth/confirm/route"),
  "/auth/continue": () => import("../auth/continue/route"),
  "/auth/not-me": () => import("../auth/not-me/route"),
  "/auth/number": () => import("../auth/number/route"),
  "/auth/passkey": () => import("../auth/passkey/route"),
  "/auth/passkey/options": () => import("../auth/passkey/options/route"),
  "/auth/progress": () => import("../auth/progress/route"),
  "/auth/step-up": () => import("../auth/step-up/route"),
  "/auth/stop": () => import("../auth/stop/route"),
  "/auth/two-factor": () => import("../auth/two-factor/route"),
  "/auth/two-factor/enrol": () => import("../auth/two-factor/enrol/route"),
  "/auth/undo-address": () => import("../auth/undo-address/route"),
  "/authorize": () => import("../authorize/route"),
  "/healthz": () => import("../healthz/route"),
  "/me": () => import("../me/route"),
  "/metrics": () => import("../metrics/route"),
  "/readyz": () => import("../readyz/route"),
  "/sign_out": () => import("../sign_out/route"),
  "/token": () => import("../token/route"),
};

/** What they export, by path. They are loaded when they are asked for: some of them stand on much. */
export async function loadRoutes(): Promise<Record<string, Route>> {
  const loaded = Object.entries(routes).map(async ([path, load]) => [path, await load()] as const);
  return Object.fromEntries(await Promise.all(loaded));
}
