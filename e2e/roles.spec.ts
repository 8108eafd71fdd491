import { randomUUID } from "node:crypto";
import { sendAct } from "./support/account";
import { mailsSettled, setBlocked, tablesChangedBy } from "./support/database";
import type { HttpAnswer, HttpClient } from "./support/http";
import { signInOverHttp } from "./support/program";
import { addressOf, type Row, rows, type Wanted, type Who } from "./support/route-rows";
import { listRoutes, methodsOf, type Route } from "./support/routes";
import { reachSecondFactor, type Setting, signInWithApp } from "./support/second-factor";
import { expect, test } from "./support/test";

const superEmail = "super@example.org";
const asPage = "text/html";
const asProgram = "application/json";

test.use({ siteEnv: { ADMIN_EMAILS: superEmail } });

const roles = ["visitor", "half-signed-in", "blocked", "user", "admin", "super"] as const;
type Role = (typeof roles)[number];

/** How far a sign-in gets somebody. A blocked one has the cookie of before. */
const rank: Record<Role, number> = {
  visitor: 0,
  "half-signed-in": 0,
  blocked: 0,
  user: 1,
  admin: 2,
  super: 3,
};
const wantedRank: Partial<Record<Who, number>> = {
  "signed-in": 1,
  admin: 2,
  super: 3,
};

type Outcome =
  /** As far as the rules of the route itself, which may still refuse what it is asked for. */
  | "let through"
  /** Where the route has a fault to find, which is the same for everybody. */
  | "wrong secret"
  /** A person, to the page; a program is told to. */
  | "sent to sign in"
  | "sent on"
  | "forbidden"
  | "not there";

/** What is to come of it when somebody asks for a route. */
function outcomeFor(who: Who, role: Role): Outcome {
  if (who === "everybody") return "let through";
  if (who === "secret") return "wrong secret";
  if (who === "this-machine") return "not there";
  if (who === "half-signed-in") return role === who ? "let through" : "sent to sign in";
  if (who === "signed-out") return rank[role] === 0 ? "let through" : "sent on";
  if (rank[role] >= (wantedRank[who] ?? Number.POSITIVE_INFINITY)) return "let through";
  return rank[role] > 0 ? "forbidden" : "sent to sign in";
}

const signIn = /^\/(sign-in\?next=\/|two-factor\?problem=attempt-over)/;

/** Whether an answer is that outcome. */
const looksLike: Record<Outcome, (answer: HttpAnswer, isTold: boolean) => boolean> = {
  "let through": ({ status, headers }) =>
    status < 500 && ![401, 403, 405].includes(status) && !signIn.test(headers.location ?? ""),
  "wrong secret": ({ status }, isTold) =>
    (!isTold && status === 303) || (status >= 400 && status < 500),
  "sent to sign in": ({ status, headers }, isTold) =>
    isTold ? status === 401 : [303, 307].includes(status) && signIn.test(headers.location ?? ""),
  "sent on": ({ status, headers }) =>
    status === 307 && /^\/(account|private)$/.test(headers.location ?? ""),
  forbidden: ({ status }) => status === 403,
  "not there": ({ status }) => status === 404,
};

test("every page and handler has a row in the table of routes, and no row is without one", () => {
  expect(Object.keys(rows).sort()).toEqual(
    listRoutes()
      .map(({ path }) => path)
      .sort(),
  );
  for (const route of listRoutes().filter(({ kind }) => kind === "handler"))
    expect(methodsOf(route), route.path).not.toEqual([]);
});

test("each page and handler does for each role what its row says, and a refusal changes nothing", async ({
  site,
  mailServer,
  visitor,
}) => {
  const people = await everyRole({ site, mailServer, visitor });
  const wanted: Wanted = {
    email: `nobody-${visitor.email}`,
    token: "x",
    passkeyId: "x",
    app: { secret: "", code: () => "000000" },
    userId: randomUUID(),
  };
  const faults: string[] = [];
  const isLetThrough = (route: Route, role: Role) =>
    outcomeFor(rowOf(route).who, role) === "let through";
  // Whoever signs out is somebody else afterwards.
  const routes = listRoutes().sort(
    (one, other) => +(one.path === "/sign_out") - +(other.path === "/sign_out"),
  );
  for (const route of routes) {
    const changed = await tablesChangedBy(site, async () => {
      const refused = roles.filter((role) => !isLetThrough(route, role));
      await Promise.all(refused.map((role) => ask(route, role)));
      await askFromElsewhere(route);
      await askByOtherMethods(route);
    });
    const isRecorded = ["admin", "super", "secret"].includes(rowOf(route).who);
    // That somebody tried is written down, and how often.
    const allowed = isRecorded && route.kind === "handler" ? ["AuditEvent", "LimitCount"] : [];
    const other = changed.filter((table) => !allowed.includes(table));
    if (other.length > 0) faults.push(`${route.path} changes ${other}, though it refuses`);
  }
  for (const route of routes) {
    const others = roles.filter((role) => isLetThrough(route, role));
    await Promise.all(others.map((role) => ask(route, role)));
  }
  expect(faults).toEqual([]);

  /** As a page and a program of the site itself would. */
  async function ask(route: Route, role: Role) {
    const { who, isForPrograms = false } = rowOf(route);
    const outcome = outcomeFor(who, role);
    for (const accept of route.kind === "page" ? [asPage] : [asPage, asProgram])
      for (const method of methodsOf(route)) {
        const answer = await send(people[role], method, route, { accept });
        const isTold = isForPrograms || accept === asProgram;
        if (!looksLike[outcome](answer, isTold))
          note(`${role} as ${accept}`, route, answer, outcome);
        const isKept = !`${answer.headers["cache-control"]}`.includes("no-store");
        if (isKept && who !== "everybody") faults.push(`${route.path} may be kept by caches`);
      }
  }

  /** Not even the most powerful one, led by another site, by none, or by a program that does not say. */
  async function askFromElsewhere(route: Route) {
    if (!methodsOf(route).includes("POST")) return;
    for (const origin of ["https://evil.example", "null", undefined]) {
      const answer = await send(people.super, "POST", route, { accept: asPage, origin });
      if (answer.status !== 403) note(`super from ${origin}`, route, answer, "forbidden");
    }
  }

  async function askByOtherMethods(route: Route) {
    if (route.kind === "page") return;
    const own: string[] = methodsOf(route);
    const allow = own.map((method) => (method === "GET" ? "GET, HEAD" : method)).join(", ");
    for (const method of ["GET", "POST", "DELETE"].filter((other) => !own.includes(other))) {
      const answer = await people.super.request(method, route.path);
      if (answer.status !== 405 || answer.headers.allow !== allow)
        note(`super by ${method}`, route, answer, "forbidden");
    }
  }

  function send(
    program: HttpClient,
    method: "GET" | "POST",
    route: Route,
    headers: { accept: string; origin?: string | undefined },
  ) {
    if (method === "GET") return program.get(addressOf(route.path, wanted), headers);
    return program.post(route.path, { form: rowOf(route).fields?.(wanted) ?? {} }, headers);
  }

  function note(whose: string, { path }: Route, { status, headers }: HttpAnswer, outcome: Outcome) {
    const to = headers.location ? ` to ${headers.location}` : "";
    faults.push(`${whose} at ${path}: ${status}${to}, and not ${outcome}`);
  }
});

function rowOf({ path }: Route): Row {
  return rows[path] ?? { who: "super" };
}

/** A program of each role; nothing is on its way any more when they are there. */
async function everyRole(setting: Setting): Promise<Record<Role, HttpClient>> {
  const { site, mailServer, visitor } = setting;
  const emailOf = (role: Role) => (role === "super" ? superEmail : `${role}-${visitor.email}`);
  await signInWithApp(visitor.asNewProgram(), setting, emailOf("half-signed-in"));
  const half = visitor.asNewProgram();
  await reachSecondFactor(half, mailServer, emailOf("half-signed-in"));
  const signedIn = async (role: Role) => {
    const program = visitor.asNewProgram();
    await signInOverHttp(program, mailServer, emailOf(role));
    return program;
  };
  const people = {
    visitor: visitor.asNewProgram(),
    "half-signed-in": half,
    blocked: await signedIn("blocked"),
    user: await signedIn("user"),
    admin: await signedIn("admin"),
    super: await signedIn("super"),
  };
  await setBlocked(site, emailOf("blocked"), site.clock.now());
  const { id: user } = (await people.admin.get("/me")).json() as { id: string };
  const granted = await sendAct(people.super, "/admin/users/scopes/grant", {
    user,
    scope: "admin",
  });
  expect(granted.status, granted.body).toBe(204);
  await mailsSettled(site);
  return people;
}
