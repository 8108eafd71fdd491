import { countRows } from "./support/database";
import type { HttpClient } from "./support/http";
import { client } from "./support/http";
import type { Mail } from "./support/mail";
import { askOverHttp, isSignedIn, sendCode, signInOverHttp } from "./support/program";
import { askForMail, codeIn, signIn, typeCode } from "./support/sign-in";
import { startSite } from "./support/site";
import { expect, test } from "./support/test";

const minute = 60_000;

// Who visits these tests has an address at example.org, which is none of those.
test.use({ siteEnv: { SIGN_UP: "example.com, Example.NET" } });

for (const javaScript of [true, false]) {
  test.describe(javaScript ? "with scripts" : "without scripts", () => {
    test.use({ javaScript });

    test("an address of another domain is told by mail alone that it has no account", async ({
      page,
      mailServer,
      visitor,
    }) => {
      await page.goto("/sign-in");
      const main = page.getByRole("main");
      await expect(main).toContainText(
        "New accounts are for addresses at example.com, example.net",
      );
      const mail = await askForMail(page, mailServer, visitor.email);
      expectNoWayIn(mail);
      await expect(main).toContainText("Check your email");
      await expect(main).not.toContainText(/no account/i);
      await typeCode(page, "123456");
      await expect(main.getByRole("alert")).toContainText("4 tries are left");
      expect((await page.request.get("/me")).status()).toBe(401);
    });

    test("an address of a domain that may sign up does so", async ({
      page,
      mailServer,
      visitor,
    }) => {
      const email = visitor.email.replace(/org$/, "net");
      await signIn(page, mailServer, email, { by: "link" });
      await expect(page).toHaveURL("/private");
      await expect(page.getByRole("main")).toContainText(email);
    });
  });
}

test("a domain counts whole: neither what is under it nor what ends alike", async ({
  mailServer,
  visitor,
}) => {
  const [name] = visitor.email.split("@");
  const programs = {
    own: ["example.com", "EXAMPLE.net", "ｅｘａｍｐｌｅ.com"],
    others: ["sub.example.com", "notexample.com", "example.com.evil.example", "example.co"],
  };
  for (const [index, domain] of programs.own.entries()) {
    const email = `${name}-${index}@${domain}`;
    const to = `${name}-${index}@${domain.normalize("NFKC").toLowerCase()}`;
    await visitor.asNewProgram().post("/auth", { form: { email } });
    codeIn(await mailServer.waitForMail({ to }));
  }
  for (const domain of programs.others) {
    expectNoWayIn(await askOverHttp(visitor.asNewProgram(), mailServer, `${name}@${domain}`));
  }
});

test("who may and who may not sign up get the same answers", async ({ mailServer, visitor }) => {
  const looks = async (email: string) => {
    const program = visitor.asNewProgram();
    const { status, headers, body, setCookies } = await program.post("/auth", { form: { email } });
    await mailServer.waitForMail({ to: email });
    await expect.poll(() => textOf(program, email)).toContain("has taken the mail");
    return {
      asked: [status, headers.location, body, setCookies.length],
      page: (await textOf(program, email)).replace(/\d\d(?=\s*Reading)|\d\d:\d\d/g, ""),
      code: (await sendCode(program, "000000")).body,
      goesOn: (await program.get("/auth/continue", { accept: "application/json" })).body,
    };
  };
  const allowed = visitor.email.replace(/org$/, "net");
  expect(await looks(visitor.email)).toEqual(await looks(allowed));
});

test("an account stays welcome when new ones no longer are", async ({ mailServer, visitor }) => {
  const site = await startSite({ mailServer });
  try {
    const [member, newcomer] = [client(site), client(site)];
    await signInOverHttp(member, mailServer, visitor.email);
    await member.post("/sign_out");
    await site.restart({ SIGN_UP: "invited" });
    await site.clock.advance(2 * minute);
    expect((await member.get("/sign-in")).body).toContain("Only people who have been invited");
    // In another browser as well: it is the account that counts.
    await signInOverHttp(client(site), mailServer, visitor.email);

    const before = await countRows(site);
    const mail = await askOverHttp(newcomer, mailServer, `new-${visitor.email}`);
    expectNoWayIn(mail);
    expect((await countRows(site)).User).toBe(before.User);
    expect(await isSignedIn(newcomer)).toBe(false);
  } finally {
    await site.stop();
  }
});

test("a link asked for while everybody might sign up makes no account afterwards", async ({
  mailServer,
  visitor,
}) => {
  const site = await startSite({ mailServer });
  try {
    const program = client(site);
    const mail = await askOverHttp(program, mailServer, visitor.email);
    await site.restart({ SIGN_UP: "invited" });
    const answer = await sendCode(program, codeIn(mail));
    expect(answer.status, answer.body).toBe(422);
    expect(await isSignedIn(program)).toBe(false);
    expect((await countRows(site)).User).toBe(0);
  } finally {
    await site.stop();
  }
});

function expectNoWayIn(mail: Mail) {
  expect(mail.text).toContain("There is no account for this address");
  for (const part of [mail.text, mail.html]) {
    expect(part).not.toContain("/confirm");
    expect(part).not.toMatch(/(?<![\w#-])\d{6}(?![\w-])/);
  }
}

/** What the page after asking says, without the name of who asked. */
async function textOf(program: HttpClient, email: string): Promise<string> {
  const { body } = await program.get("/check-email");
  const text = body.replace(/<script\b.*?<\/script>|<[^>]+>/gs, " ").replace(/\s+/g, " ");
  return text.replaceAll(email.split("@")[0] ?? "", "").replace(/\.\s*(org|net)/g, "");
}
