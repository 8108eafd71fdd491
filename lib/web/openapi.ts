import { z } from "zod";
import { environment } from "@/lib/platform/environment";
import { version } from "@/package.json";
import { resumption } from "./account-handler";
import { cookieNames } from "./cookies";
import type { DescribedHandler } from "./handler";
import { bodyLimit } from "./input";
import type { Method } from "./method";
import { type Answer, type Needs, type Operation, onward, type Sender } from "./operation";
import { problemAnswer } from "./problem";

/** What a `route.ts` exports. */
export type Route = Record<Method, DescribedHandler>;
type Described = Operation & { method: "GET" | "POST"; needs: Needs; isShared: boolean };

const formTypes = ["application/x-www-form-urlencoded", "multipart/form-data", "application/json"];

/** What each refusal means, and the headers that come with it. */
const problems = {
  400: { description: "The body cannot be read." },
  401: { description: "Nobody is signed in." },
  403: { description: "Not from here, or not by this person: `detail` says what is missing." },
  404: { description: "There is no such account, or no such mail." },
  405: { description: "Another method.", headers: { Allow: "The methods that there are." } },
  409: { description: "It is done already, or something hinders it: `detail` says what." },
  413: { description: `The body is larger than ${bodyLimit / 1024} KB.` },
  415: { description: "The body is neither a form nor JSON." },
  422: { description: "A field is wrong: `errors` says which, and why." },
  429: { description: "Too often.", headers: { "Retry-After": "In seconds." } },
  500: { description: "A fault of the site." },
  503: { description: "The database is away.", headers: { "Retry-After": "In seconds." } },
} satisfies Record<number, Answer>;

/** To who may send a token (RFC 6750 3). */
const challenge = {
  ...problems[401],
  headers: { "WWW-Authenticate": "`Bearer`, and what is wrong with the token." },
};

/** The OpenAPI 3.1 document of these routes, by their paths. */
export function describeRoutes(routes: Record<string, Route>): object {
  const { siteName, siteUrl } = environment();
  const paths = Object.entries(routes).map(([path, route]) => [path, describeRoute(route)]);
  return {
    openapi: "3.1.0",
    info: {
      title: siteName,
      version,
      description:
        "A write needs the header `Origin` with the origin of the site. `HEAD` is answered wherever `GET` is. " +
        "With `Accept: text/html` a form gets redirects and pages, a program without it problems (RFC 9457).",
    },
    servers: [{ url: siteUrl.origin }],
    paths: Object.fromEntries(paths),
    components: {
      schemas: {
        Problem: schemaOf(problemAnswer, "output"),
        FieldProblem: schemaOf(problemAnswer.required({ errors: true }), "output"),
      },
      responses: Object.fromEntries(
        Object.entries(problems).map(([status, answer]) => [
          status,
          describeProblem(status, answer),
        ]),
      ),
      securitySchemes: describeSenders(),
    },
  };
}

function describeRoute(route: Route): object {
  const operations = (["GET", "POST"] as const).flatMap((method) => {
    const { operation, needs = {}, reach } = route[method];
    return operation ? [{ ...operation, method, needs, isShared: reach === "cross-origin" }] : [];
  });
  return Object.fromEntries(
    operations.map((operation) => [operation.method.toLowerCase(), describeOperation(operation)]),
  );
}

function describeOperation(operation: Described): object {
  const { id, summary, isShared, query } = operation;
  const fields = fieldsOf(operation);
  return {
    operationId: id,
    summary,
    ...(isShared && { description: "Pages of `ALLOWED_ORIGINS` may call it with credentials." }),
    security: describeSecurity(operation),
    ...(query && { parameters: describeQuery(query) }),
    ...(fields && { requestBody: describeBody(fields) }),
    responses: describeResponses(operation),
  };
}

/** What is read of a body; undefined when none is. */
function fieldsOf({ method, input, needs }: Described): z.ZodObject | undefined {
  if (method === "GET") return undefined;
  const fields = input ?? (needs.session ? z.object({}) : undefined);
  return needs.isRecent ? fields?.extend(resumption.shape) : fields;
}

function describeSecurity({ needs, sender = [] }: Described): object[] {
  if (needs.session) return [{ session: needs.scope ? [needs.scope] : [] }];
  return sender.map((kind) => (kind === "anybody" ? {} : { [kind]: [] }));
}

function describeQuery(query: z.ZodObject): object[] {
  const { properties = {}, required = [] } = schemaOf(query, "input");
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}

function describeBody(fields: z.ZodObject): object {
  const schema = schemaOf(fields, "input");
  return {
    required: true,
    content: Object.fromEntries(formTypes.map((type) => [type, { schema }])),
  };
}

function describeResponses(operation: Described): object {
  const { answers, needs, sender = [] } = operation;
  const refusals = refusalsOf(operation).map((status) => [
    status,
    { $ref: `#/components/responses/${status}` },
  ]);
  const successes = Object.entries({ ...(needs.session && onward), ...answers });
  return {
    ...Object.fromEntries(refusals),
    ...(sender.includes("access_token") && { 401: describeProblem("401", challenge) }),
    ...Object.fromEntries(successes.map(([status, answer]) => [status, describeAnswer(answer)])),
  };
}

function refusalsOf(operation: Described): number[] {
  const { method, needs, problems: own = [] } = operation;
  return [
    405,
    500,
    503,
    ...(method === "POST" ? [403, 413] : []),
    ...(fieldsOf(operation) ? [400, 415] : []),
    ...(needs.session ? [401] : []),
    ...(needs.isRecent ? [409] : []),
    ...own,
  ];
}

function describeAnswer({ description, body, type = "application/json", isPage, headers }: Answer) {
  const content = {
    ...(body && { [type]: { schema: schemaOf(body, "output") } }),
    ...(isPage && page),
  };
  return { description, headers: describeHeaders(headers), content };
}

function describeProblem(status: string, { description, headers }: Answer) {
  const schema = { $ref: `#/components/schemas/${status === "422" ? "Field" : ""}Problem` };
  return {
    description,
    headers: describeHeaders(headers),
    content: { "application/problem+json": { schema }, ...page },
  };
}

const page = { "text/html": { schema: { type: "string" } } };

function describeHeaders(headers: Record<string, string> = {}): object {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { description, required: true, schema: { type: "string" } },
    ]),
  );
}

function describeSenders(): Record<Exclude<Sender, "anybody">, object> {
  const { session, attempt } = cookieNames();
  return {
    session: { type: "apiKey", in: "cookie", name: session },
    access_token: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
    attempt: {
      type: "apiKey",
      in: "cookie",
      name: attempt,
      description: "Of a sign-in that waits for its second factor.",
    },
  };
}

function schemaOf(schema: z.ZodType, io: "input" | "output") {
  const { $schema: _, ...described } = z.toJSONSchema(schema, {
    io,
    // What stands in for a field that is wrong is refused in words, and is nothing to send.
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === "catch") delete jsonSchema.default;
    },
  });
  return described;
}
