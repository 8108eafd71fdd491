import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { AskAgain } from "@/components/ask-again";
import { CodeForm } from "@/components/code-form";
import { DeadLink } from "@/components/dead-link";
import { FollowProgress } from "@/components/follow-progress";
import { MailState, stageOf } from "@/components/mail-state";
import { ScreenNumber } from "@/components/screen-number";
import { Address } from "@/components/ui/address";
import { Doorway } from "@/components/ui/doorway";
import {
  type LatestRequest,
  peekEnding,
  peekLatestRequest,
  peekProgress,
  shownNumber,
} from "@/lib/domain/sign-in-state";
import { signedOutOnly } from "@/lib/latchkey";
import { readAskProblem } from "@/lib/web/ask-problem";
import { readBrowserCookie, readScreenCookie } from "@/lib/web/cookies";
import { readNextMailTime } from "@/lib/web/next-mail";
import { describeEnding, describeProofProblem, readProofProblem } from "@/lib/web/proof-problem";
import type { SearchParams } from "@/lib/web/query";
import { safeReturnTo, signInPath } from "@/lib/web/return-to";
import { currentSession } from "@/lib/web/session";
import { site } from "@/lib/web/site";
import { currentAttempt } from "@/lib/web/two-factor";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("checkEmail"))("title") };
}

/** Whether somebody who is signed in here is being asked once more who they are. */
async function isStepUpOfThisSession(request: LatestRequest): Promise<boolean> {
  const signedIn = await currentSession();
  return (
    request.stepUpSessionId !== null &&
    request.stepUpSessionId === signedIn?.session.id &&
    request.usedAt === null
  );
}

/** What `/auth/continue` may have said: going there again would say it again. */
const refusals = ["blocked", "no-account", "other-browser", "not-approved", "used", "unknown"];

export default async function CheckEmailPage({ searchParams }: { searchParams: SearchParams }) {
  const browserToken = await readBrowserCookie();
  const request = browserToken ? await peekLatestRequest(browserToken) : null;
  if (!request) redirect("/sign-in");
  const next = safeReturnTo(request.next);
  const isStepUp = await isStepUpOfThisSession(request);
  if (!isStepUp) await signedOutOnly(next);
  // In another tab: the mail has done its part.
  if (request.usedAt && (await currentAttempt())) redirect("/two-factor");
  const t = await getTranslations("checkEmail");
  const proofProblem = await readProofProblem(searchParams);
  const askProblem = await readAskProblem(searchParams);
  const askAgain = (
    <AskAgain
      email={request.emailTyped}
      next={next}
      keepSignedIn={request.keepSignedIn}
      isStepUp={isStepUp}
      nextMailAt={askProblem?.retryAt ?? (await readNextMailTime(request))}
      problem={askProblem?.words}
    />
  );
  const ending = await peekEnding(request);
  const hasLeft = ["accepted", "captured"].includes(request.mail?.state ?? "");
  if (ending?.problem === "expired" && !hasLeft)
    return (
      <DeadLink title={t("lostTitle")} reason={t("state.expired")} signIn={signInPath(next)}>
        {askAgain}
      </DeadLink>
    );
  if (ending)
    return (
      <DeadLink
        title={t(`endedTitle.${ending.problem}`)}
        reason={await describeEnding(ending)}
        signIn={signInPath(next)}
      >
        {/* Once somebody has signed in with it, whose address it was is nobody's business here. */}
        {ending.problem === "expired" ? askAgain : undefined}
      </DeadLink>
    );
  const screenToken = await readScreenCookie();
  const number = shownNumber(request, screenToken);
  const progress = await peekProgress(request, screenToken);
  const isRefused = refusals.some((refusal) => refusal === proofProblem?.problem);
  if (progress.signIn === "approved" && !askProblem && !isRefused) redirect("/auth/continue");
  const stage = stageOf(request.mail, site().localMailbox);
  const isLost = stage === "lost";
  return (
    <Doorway
      door={stage === "left" ? "letter" : "closed"}
      title={t(isLost ? "lostTitle" : isStepUp ? "stepUpTitle" : "title")}
    >
      <p className="text-muted">
        {t.rich(isLost ? "lost" : "sentTo", {
          address: () => <Address className="font-semibold text-ink">{request.emailTyped}</Address>,
        })}
      </p>
      <MailState mail={request.mail} hasMailbox={site().localMailbox} />
      <CodeForm
        action="/auth/code"
        problem={proofProblem && (await describeProofProblem(proofProblem))}
        {...(isStepUp && { submit: t("stepUpSubmit") })}
        autoFocus={!isLost}
      />
      {number !== null && !isLost && <ScreenNumber number={number} />}
      <div className="border-line border-t pt-5">
        <p className="text-muted text-sm">{t(isLost ? "lostHelp" : "spam")}</p>
        <div className="mt-3 flex flex-wrap items-start gap-x-6 gap-y-2">
          {askAgain}
          {!isStepUp && (
            <a
              href={`/sign-in?${new URLSearchParams({ next })}`}
              className="link flex min-h-11 items-center"
            >
              {t("otherAddress")}
            </a>
          )}
        </div>
      </div>
      <FollowProgress shown={JSON.stringify(progress)} />
    </Doorway>
  );
}
