import type { Locator, Page } from "@playwright/test";
import { changeAddress } from "./support/account";
import { expectForEverybody } from "./support/everybody";
import { client, type HttpClient } from "./support/http";
import type { MailServer } from "./support/mail-server";
import { addPasskey } from "./support/passkey";
import { otherCode, signInOverHttp } from "./support/program";
import {
  enrolApp,
  handOver,
  reachSecondFactor,
  untilNextMail,
  waitForNotice,
} from "./support/second-factor";
import { askForMail, codeIn, linkIn, typeCode } from "./support/sign-in";
import { type Site, startSite } from "./support/site";
import type { Visitor } from "./support/test";
import { expect, test } from "./support/test";

interface Scene {
  page: Page;
  mailServer: MailServer;
  visitor: Visitor;
  site: Site;
  email: string;
}

/** Every page in every state, and how to get there; ends when the page is there. */
const states: Record<string, (scene: Scene) => Promise<Page>> = {
  "the home page of a stranger": ({ page }) => open(page, "/"),
  "the home page of who is signed in": (scene) => openSignedIn(scene, "/"),
  "the sign-in page": ({ page }) => open(page, "/sign-in"),
  "the sign-in page with a mistyped address": async ({ page, email }) => {
    await open(page, "/sign-in");
    await page.getByLabel("Email address").fill(email.replace("@", " at "));
    await page.getByRole("button", { name: "Email me a link" }).click();
    await expect(page.getByRole("main").getByRole("alert")).toBeVisible();
    return page;
  },
  "the page of the code": async ({ page, mailServer, email }) => {
    await askForMail(page, mailServer, email);
    return page;
  },
  "the page of the code after a wrong one": async ({ page, mailServer, email }) => {
    await typeCode(page, otherCode(codeIn(await askForMail(page, mailServer, email))));
    await expect(page.getByRole("main").getByRole("alert")).toBeVisible();
    return page;
  },
  "the page of the code after a refused mail": async ({ page, mailServer, email }) => {
    const words = `5.1.1 ${"no-such-mailbox-".repeat(10)}`;
    await mailServer.behave({ answer: 550, at: "RCPT", words });
    await open(page, "/sign-in");
    await page.getByLabel("Email address").fill(email);
    await page.getByRole("button", { name: "Email me a link" }).click();
    await expect(page.getByRole("main")).toContainText("no-such-mailbox");
    return page;
  },
  "the page of a link": async ({ page, mailServer, email }) => {
    const mail = await askForMail(page, mailServer, email);
    // The page would go on by itself; an answer without content leaves it where it is.
    await page.route("**/auth/confirm", (route) => route.fulfill({ status: 204 }));
    const sent = page.waitForRequest("**/auth/confirm");
    await page.goto(linkIn(mail));
    await sent;
    return page;
  },
  "the page of a link in another browser": async ({ page, mailServer, visitor, email }) => {
    const mail = await askForMail(page, mailServer, email);
    const other = await (await visitor.asNewBrowser()).newPage();
    return open(other, linkIn(mail));
  },
  "the page of a link in another browser after a wrong code": async (scene) => {
    const mail = await askForMail(scene.page, scene.mailServer, scene.email);
    const other = await (await scene.visitor.asNewBrowser()).newPage();
    await open(other, linkIn(mail));
    await typeCode(other, otherCode(codeIn(mail)));
    await expect(other.getByRole("main").getByRole("alert")).toBeVisible();
    return other;
  },
  "the page of a dead link": ({ page }) => open(page, "/confirm?token=dead"),
  "the private page": (scene) => openSignedIn(scene, "/private"),
  "the account": (scene) => openSignedIn(scene, "/account"),
  "the account after a name that is too long": async (scene) => {
    const page = await openSignedIn(scene, "/account");
    const name = page.getByLabel("Name");
    await name.evaluate((field) => field.removeAttribute("maxlength"));
    await name.fill("x".repeat(81));
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByRole("main").getByRole("alert")).toBeVisible();
    return page;
  },
  "the page of a new address that waits for its code": async (scene) => {
    const page = await openSignedIn(scene, "/account/email");
    await page.getByLabel("New email address").fill(`v${scene.email.slice(1)}`);
    await page.getByRole("button", { name: "Change it" }).click();
    await expect(page.getByLabel("Six-digit code")).toBeVisible();
    await page.getByText("Another address, or another mail").click();
    return page;
  },
  "the page of the link to a new address": async (scene) => {
    const page = await openSignedIn(scene, "/account/email");
    const to = `v${scene.email.slice(1)}`;
    await page.getByLabel("New email address").fill(to);
    await page.getByRole("button", { name: "Change it" }).click();
    const mail = await scene.mailServer.waitForMail({ to });
    return open(page, linkIn(mail, "/account/email/confirm"));
  },
  "the list of devices": async (scene) => {
    const { visitor, mailServer, email, site } = scene;
    await signInOverHttp(visitor.asNewProgram(), mailServer, email);
    await site.clock.advance(2 * 60_000);
    return openSignedIn(scene, "/account/sessions");
  },
  "the activity": (scene) => openSignedIn(scene, "/account/activity"),
  "the page of the export": (scene) => openSignedIn(scene, "/account/export"),
  "the page that deletes, after a wrong address": async (scene) => {
    const page = await openSignedIn(scene, "/account/delete");
    await page.getByLabel(/^Type .* to confirm$/).fill("x");
    await page.getByRole("button", { name: "Delete my account" }).click();
    await expect(page.getByRole("main").getByRole("alert")).toBeVisible();
    return page;
  },
  "the page that asks again": async (scene) => {
    const page = await openSignedIn(scene, "/account/export");
    await scene.site.clock.advance(11 * 60_000);
    await page.getByRole("button", { name: "Download it" }).click();
    await expect(page).toHaveURL(/\/step-up\?/);
    return page;
  },
  "the page of the second factor, with app and passkeys": async (scene) => {
    const program = await signInWithFactors(scene);
    // As long as a name may be, with nowhere to break it.
    await addPasskey(program, scene.site, "w".repeat(60));
    // Another second factor gives the session a new value.
    await handOver(program, scene.page, scene.site);
    await open(scene.page, "/account/two-factor?done=passkey-added");
    await scene.page.getByText("Rename", { exact: true }).first().click();
    return scene.page;
  },
  "the page that sets up an app, after a wrong code": async (scene) => {
    const page = await openSignedIn(scene, "/account/two-factor");
    await page.getByRole("button", { name: "Set up an app" }).click();
    await page.getByLabel("Code from the app").fill("12345");
    await page.getByRole("button", { name: "Confirm" }).click();
    await expect(page.getByRole("main").getByRole("alert")).toBeVisible();
    return page;
  },
  "the page to write to users, with what is wrong": async (scene) => {
    const page = await openSignedIn(scene, "/account");
    await scene.site.latchkey("scopes", "grant", scene.email, "admin");
    await open(page, "/admin/mail/new");
    await page.getByRole("button", { name: "Look at it" }).click();
    await expect(page.getByRole("main").getByRole("alert")).toHaveCount(2);
    return page;
  },
  "the recovery codes": async (scene) => {
    await signInWithFactors(scene);
    await open(scene.page, "/account/two-factor");
    await scene.page.getByRole("button", { name: "Make new ones" }).click();
    await expect(scene.page.locator("main ol > li")).toHaveCount(10);
    return scene.page;
  },
  "the second step of a sign-in, after a wrong code": async (scene) => {
    const page = await openHalfSignedIn(scene);
    await page.getByLabel("Code from your authenticator app").fill("000000");
    await page.getByRole("button", { name: "Go on" }).click();
    await expect(page.getByRole("main").getByRole("alert")).toBeVisible();
    await page.getByText("Use a recovery code").click();
    return page;
  },
  "the second step of a sign-in that has ended": ({ page }) =>
    open(page, "/two-factor?problem=attempt-over"),
  "the page that asks again for the second factor": async (scene) => {
    await signInWithFactors(scene);
    await scene.site.clock.advance(11 * 60_000);
    return open(scene.page, "/step-up?next=/account/export");
  },
  "the page of “this wasn't me”": async ({ page, visitor, mailServer, email, site }) => {
    await signInOverHttp(visitor.asNewProgram(), mailServer, email);
    await site.clock.advance(2 * 60_000);
    await signInOverHttp(visitor.asNewProgram(), mailServer, email);
    const notice = await mailServer.waitForMail({ to: email, subject: /^New sign-in/ });
    return open(page, linkIn(notice, "/not-me"));
  },
  "the page that undoes a change of address": async ({ page, visitor, mailServer, email }) => {
    const program = visitor.asNewProgram();
    await signInOverHttp(program, mailServer, email);
    const told = await changeAddress(program, mailServer, {
      from: email,
      to: `v${email.slice(1)}`,
    });
    return open(page, linkIn(told, "/undo-address"));
  },
  "the page of a dead “this wasn't me”": ({ page }) => open(page, "/not-me?token=dead"),
  "the page of a dead undoing": ({ page }) => open(page, "/undo-address?token=dead"),
  "the page of what is not there": ({ page }) => open(page, "/nothing"),
};

for (const [state, bring] of Object.entries(states)) {
  test(`${state} can be used by everybody`, async ({ page, site, mailServer, visitor }) => {
    // As long as an address may be before its @, with nowhere to break it.
    const email = `${"w".repeat(50)}${visitor.email.slice("person-".length)}`;
    await expectForEverybody(await bring({ page, site, mailServer, visitor, email }));
  });
}

test.describe("without a proxy in front", () => {
  test.use({ extraHTTPHeaders: {} });

  test("the empty mailbox can be used by everybody", async ({ page }) => {
    const site = await startSite();
    try {
      await expectForEverybody(await open(page, `${site.url}/mailbox`));
    } finally {
      await site.stop();
    }
  });

  test("the mailbox with a mail can be used by everybody", async ({ page, visitor }) => {
    const site = await startSite();
    try {
      const email = `${"w".repeat(40)}-${visitor.email}`;
      await client(site).post("/auth", { form: { email } });
      await expect(async () => {
        await open(page, `${site.url}/mailbox`);
        await expect(page.getByRole("main")).toContainText(email, { timeout: 500 });
      }).toPass({ timeout: 10_000 });
      const frame = page.locator("iframe").first();
      await expect(frame).toHaveAttribute("title", /\w/);
      // Axe runs in every frame, and waits for ever for the one of a mail, where no script may run.
      await frame.evaluate((element) => element.remove());
      await expectForEverybody(page);
    } finally {
      await site.stop();
    }
  });
});

test("one signs in and out with the keyboard alone", async ({ page, mailServer, visitor }) => {
  await page.goto("/");
  await tabTo(page.getByRole("banner").getByRole("link", { name: "Sign in" }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/sign-in/);
  await tabTo(page.getByLabel("Email address"));
  await page.keyboard.type(visitor.email);
  await tabTo(page.getByLabel(/keep me signed in/i));
  await page.keyboard.press("Space");
  await expect(page.getByLabel(/keep me signed in/i)).toBeChecked();
  await tabTo(page.getByRole("button", { name: "Email me a link" }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/check-email");
  const mail = await mailServer.waitForMail({ to: visitor.email });
  await tabTo(page.getByLabel("Six-digit code"));
  await page.keyboard.type(codeIn(mail));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/private");
  await tabTo(page.getByRole("button", { name: "Sign out" }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/");
});

test("the first stop of the keyboard skips to the content", async ({ page }) => {
  await page.goto("/");
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: /skip to/i });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("main").locator(":focus")).toBeVisible();
});

test("after a fault the field that is wrong says so to who does not see", async ({ page }) => {
  await page.goto("/sign-in");
  await page.getByLabel("Email address").fill("mistyped");
  await page.keyboard.press("Enter");
  const field = page.getByLabel("Email address");
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(field).toHaveAccessibleDescription(/ann@example\.org/);
});

test("fields say what they are to browsers that fill them in", async ({
  page,
  mailServer,
  visitor,
}) => {
  await page.goto("/sign-in");
  const email = page.getByLabel("Email address");
  await expect(email).toHaveAttribute("autocomplete", /^(username|email)\b/);
  await askForMail(page, mailServer, visitor.email);
  const code = page.getByLabel("Six-digit code");
  await expect(code).toHaveAttribute("autocomplete", "one-time-code");
  await expect(code).toHaveAttribute("inputmode", "numeric");
});

test("nothing moves for who wants no movement", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  for (const path of ["/", "/sign-in"]) {
    await page.goto(path);
    const moving = await page.evaluate(() => document.getAnimations().length);
    expect(moving).toBe(0);
  }
});

async function openSignedIn(scene: Scene, path: string): Promise<Page> {
  const { page, mailServer, visitor, site, email } = scene;
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, email);
  const cookies = [...program.cookies].map(([name, value]) => ({ name, value, url: site.url }));
  await page.context().addCookies(cookies);
  return open(page, path);
}

/** Signs somebody in who has an app and a passkey, in the browser too. */
async function signInWithFactors(scene: Scene): Promise<HttpClient> {
  const { page, mailServer, visitor, site, email } = scene;
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, email);
  await enrolApp(program, site);
  await addPasskey(program, site);
  await handOver(program, page, site);
  return program;
}

/** Ends where somebody who has an app and a passkey is asked for them. */
async function openHalfSignedIn(scene: Scene): Promise<Page> {
  const { page, mailServer, visitor, site, email } = scene;
  await signInWithFactors(scene);
  await waitForNotice(mailServer, email, /^A passkey for your account/);
  await page.context().clearCookies();
  await untilNextMail(site);
  const half = visitor.asNewProgram();
  await reachSecondFactor(half, mailServer, email);
  await handOver(half, page, site);
  return open(page, "/two-factor");
}

async function open(page: Page, path: string): Promise<Page> {
  await page.goto(path);
  return page;
}

async function tabTo(target: Locator) {
  const page = target.page();
  for (let stops = 0; stops < 20; stops++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  await expect(target).toBeFocused();
}
