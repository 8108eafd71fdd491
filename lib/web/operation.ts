import type { z } from "zod";

/** What `/openapi.json` tells of a handler. What `handlers` and its wrappers do by themselves is told without it. */
export type Operation = {
  /** Its name in programs that are made from the document. */
  id: string;
  summary: string;
  /** What checks the fields of its form. */
  input?: z.ZodObject;
  /** What checks the query of its address. */
  query?: z.ZodObject;
  /** What it knows the sender by, where no wrapper says so; each of them is enough. */
  sender?: Sender[];
  /** Its successes, by status. */
  answers: Record<number, Answer>;
  /** Why else it refuses. */
  problems?: (401 | 403 | 404 | 422 | 429)[];
};

export type Answer = {
  description: string;
  /** What a program gets: as JSON, unless `type` says otherwise. */
  body?: z.ZodType;
  type?: string;
  /** Whether a browser gets a page in its place. */
  isPage?: boolean;
  /** What its headers say, by their names; all of them are there. */
  headers?: Record<string, string>;
};

/** What a wrapper asks of who sends a request. */
export type Needs = {
  /** Whether they have to be signed in. */
  session?: boolean;
  /** Whether they have to have proved lately who they are. */
  isRecent?: boolean;
  scope?: string;
};

/** What somebody is known by, as the document names it. */
export type Sender = "anybody" | "session" | "access_token" | "attempt";

/** The answer to a form, of a success and of a refusal alike: the page says which. */
export const onward = {
  303: {
    description: "For a form: on to the page that says what has come of it.",
    headers: { Location: "The page." },
  },
} satisfies Operation["answers"];

/** What `answerDone` gives. */
export const done = { 204: { description: "Done." }, ...onward } satisfies Operation["answers"];

/** The same with `forgetPages`. */
export const doneAndForgotten = {
  204: { ...done[204], headers: { "Clear-Site-Data": "What the browser keeps of private pages." } },
  ...onward,
} satisfies Operation["answers"];
