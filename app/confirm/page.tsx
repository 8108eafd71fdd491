import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { Approved } from "@/components/approved";
import { ConfirmElsewhere } from "@/components/confirm-elsewhere";
import { ConfirmHere } from "@/components/confirm-here";
import { DeadLink } from "@/components/dead-link";
import { StripToken } from "@/components/strip-token";
import { describeDevice } from "@/lib/domain/device";
import { peekLink } from "@/lib/domain/sign-in-proof";
import { mostNumberTries } from "@/lib/domain/sign-in-state";
import { readBrowserCookie } from "@/lib/web/cookies";
import { describeEnding, describeProofProblem, readProofProblem } from "@/lib/web/proof-problem";
import { readQuery, type SearchParams } from "@/lib/web/query";
import { signInPath } from "@/lib/web/return-to";
import { site } from "@/lib/web/site";
import { currentAttempt } from "@/lib/web/two-factor";

export async function generateMetadata(): Promise<Metadata> {
  return {
    title: (await getTranslations("confirm"))("title", { siteName: site().name }),
    robots: { index: false },
  };
}

/** Looks at a link and spends nothing, however often and by whomever it is opened. */
export default async function ConfirmPage({ searchParams }: { searchParams: SearchParams }) {
  const { token = "", approved } = await readQuery(searchParams);
  const link = await peekLink(token, await readBrowserCookie());
  if (!link || (link.ending && !link.isOwn)) {
    // The first screen is quick, and may have gone on already.
    if (approved !== undefined) return <Approved />;
    const reason = (await getTranslations("proof.problem"))("unknown");
    return (
      <>
        <DeadLink reason={reason} signIn="/sign-in" />
        <StripToken token={token} isKnown={false} />
      </>
    );
  }
  const { request, ending, isOwn } = link;
  // The mail has done its part; what is missing is the second factor.
  if (isOwn && ending?.problem === "used" && (await currentAttempt())) redirect("/two-factor");
  const strip = <StripToken token={token} isKnown />;
  const signIn = signInPath(request.next);
  const problem = await readProofProblem(searchParams);
  const reason = problem && (await describeProofProblem(problem));
  if (ending || (isOwn && reason))
    return (
      <>
        <DeadLink reason={ending ? await describeEnding(ending) : (reason ?? "")} signIn={signIn} />
        {strip}
      </>
    );
  if (isOwn)
    return (
      <>
        <ConfirmHere
          siteName={site().name}
          address={request.emailTyped}
          token={token}
          isStepUp={request.stepUpSessionId !== null}
        />
        {strip}
      </>
    );
  const isNumberProblem = problem?.problem.endsWith("-number") ?? false;
  return (
    <>
      <ConfirmElsewhere
        address={request.emailTyped}
        device={describeDevice(request.userAgent)}
        networkAddress={request.networkAddress}
        askedAt={request.createdAt}
        token={token}
        isStepUp={request.stepUpSessionId !== null}
        isApproved={request.approvedAt !== null}
        hasNumber={request.number !== null && request.numberTries < mostNumberTries}
        numberProblem={isNumberProblem ? reason : undefined}
        codeProblem={isNumberProblem ? undefined : reason}
      />
      {strip}
    </>
  );
}
