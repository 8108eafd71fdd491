import type { ReactNode } from "react";
import { StripToken } from "./strip-token";
import { Button, ButtonLink } from "./ui/button";
import { Doorway } from "./ui/doorway";

type TokenAct = {
  title: string;
  children: ReactNode;
  action: string;
  token: string;
  /** What has to be typed, where a machine that presses buttons must not act. */
  field?: ReactNode;
  submit: string;
};

/** What the link of a mail can do, once its button is pressed: looking does nothing. */
export function TokenAct({ title, children, action, token, field, submit }: TokenAct) {
  return (
    <Doorway door="closed" title={title}>
      <p className="text-muted">{children}</p>
      <form action={action} method="post" className="grid gap-4" noValidate>
        <input type="hidden" name="token" value={token} />
        {field}
        <Button>{submit}</Button>
      </form>
      <StripToken token={token} isKnown />
    </Doorway>
  );
}

type TokenEnd = {
  isDone: boolean;
  title: string;
  text: string;
  token: string;
  next: string;
  nextText: string;
};

/** It has been done, or the link does nothing any more; and the way on. */
export function TokenEnd({ isDone, title, text, token, next, nextText }: TokenEnd) {
  return (
    <Doorway door={isDone ? "closed" : "broken"} title={title}>
      <p className="text-lg text-muted">{text}</p>
      <p>
        <ButtonLink href={next}>{nextText}</ButtonLink>
      </p>
      {!isDone && <StripToken token={token} isKnown={false} />}
    </Doorway>
  );
}
