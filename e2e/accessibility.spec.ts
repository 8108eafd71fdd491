import AxeBuilder from "@axe-core/playwright";
import type { Locator, Page } from "@playwright/test";
import { client } from "./support/http";
import type { MailServer } from "./support/mail-server";
import { otherCode } from "./support/program";
import { askForMail, codeIn, linkIn, signIn, typeCode } from "./support/sign-in";
import { startSite } from "./support/site";
import type { Visitor } from "./support/test";
import { expect, test } from "./support/test";

interface Scene {
  page: Page;
  mailServer: MailServer;
  visitor: Visitor;
  email: string;
}

/** Every page in every state, and how to get there; ends when the page is there. */
const states: Record<string, (scene: Scene) => Promise<Page>> = {
  "the home page of a stranger": ({ page }) => open(page, "/"),
  "the home page of who is signed in": async ({ page, mailServer, email }) => {
    await signIn(page, mailServer, email, { by: "code" });
    return open(page, "/");
  },
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
  "the private page": async ({ page, mailServer, email }) => {
    await signIn(page, mailServer, email, { by: "code" });
    return open(page, "/private");
  },
  "the page of what is not there": ({ page }) => open(page, "/nothing"),
};

for (const [state, bring] of Object.entries(states)) {
  test(`${state} can be used by everybody`, async ({ page, mailServer, visitor }) => {
    // As long as an address may be before its @, with nowhere to break it.
    const email = `${"w".repeat(50)}${visitor.email.slice("person-".length)}`;
    await expectForEverybody(await bring({ page, mailServer, visitor, email }));
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

async function open(page: Page, path: string): Promise<Page> {
  await page.goto(path);
  return page;
}

async function expectForEverybody(page: Page) {
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await expect(page.locator("html")).toHaveAttribute("dir", "ltr");
  await expect(page).toHaveTitle(/Latchkey/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // Colours fade from one scheme to the other.
    await page.waitForFunction(() => document.getAnimations().length === 0);
    const { violations, passes } = await new AxeBuilder({ page }).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
    expect(found, `in ${colorScheme}`).toEqual([]);
    expect(passes.map(({ id }) => id)).toContain("color-contrast");
  }
  await expectFocusToBeSeen(page);
  await page.setViewportSize({ width: 320, height: 640 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width, "at 320 px").toBeLessThanOrEqual(320);
}

/** Goes through the page with the keyboard and expects each stop to look unlike itself at rest. */
async function expectFocusToBeSeen(page: Page) {
  const stops = await page.locator("a[href]:visible, button:visible, input:visible").count();
  expect(stops).toBeGreaterThan(1);
  for (let stop = 0; stop < stops; stop++) {
    await page.keyboard.press("Tab");
    const change = await page.evaluate(() => {
      const element = document.activeElement;
      if (!(element instanceof HTMLElement) || element === document.body) return "left";
      const look = () => {
        const { outline, boxShadow, backgroundColor, borderColor } = getComputedStyle(element);
        return [outline, boxShadow, backgroundColor, borderColor].join();
      };
      const focused = look();
      element.blur();
      const atRest = look();
      element.focus({ preventScroll: true });
      return focused === atRest ? element.outerHTML : "seen";
    });
    if (change === "left") return;
    expect(change).toBe("seen");
  }
}

async function tabTo(target: Locator) {
  const page = target.page();
  for (let stops = 0; stops < 20; stops++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  await expect(target).toBeFocused();
}
