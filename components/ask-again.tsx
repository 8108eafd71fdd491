import { useTranslations } from "next-intl";
import { SendAgain } from "./send-again";
import { WarningSign } from "./ui/signs";

type AskAgain = {
  email: string;
  next: string;
  keepSignedIn: boolean;
  /** Whether it asks somebody who is signed in once more who they are. */
  isStepUp: boolean;
  /** When the next mail can go; null when it can go now. */
  nextMailAt: Date | null;
  /** Why none was sent when the button was pressed. */
  problem: string | undefined;
};

/** From here on, a time of day alone would be taken for today's. */
const dayMs = 12 * 3_600_000;

/** Asks for another mail to the same address, with the same destination. */
export function AskAgain(props: AskAgain) {
  const { email, next, keepSignedIn, isStepUp, nextMailAt, problem } = props;
  const t = useTranslations("checkEmail");
  const waitMs = nextMailAt ? nextMailAt.getTime() - Date.now() : 0;
  const texts = {
    button: t("sendAgain"),
    at: nextMailAt ? t(waitMs > dayMs ? "nextDay" : "nextAt", { retryAt: nextMailAt }) : "",
    // Where the browser puts what is left.
    in: t("nextIn", { time: "{time}" }),
    now: t("nextNow"),
  };
  return (
    <form action={isStepUp ? "/auth/step-up" : "/auth"} method="post">
      <input type="hidden" name="email" value={email} />
      <input type="hidden" name="next" value={next} />
      <input type="hidden" name="from" value="check-email" />
      {keepSignedIn && <input type="hidden" name="remember" value="on" />}
      {problem && (
        <p className="mb-3 flex gap-2 text-danger text-sm" role="alert">
          <WarningSign className="mt-0.5 size-4.5 shrink-0" />
          <span className="min-w-0">{problem}</span>
        </p>
      )}
      <SendAgain waitSeconds={Math.max(0, Math.ceil(waitMs / 1000))} texts={texts} />
    </form>
  );
}
