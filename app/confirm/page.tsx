import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { ConfirmElsewhere } from "@/components/confirm-elsewhere";
import { ConfirmHere } from "@/components/confirm-here";
import { DeadLink } from "@/components/dead-link";
import { describeDevice } from "@/lib/domain/device";
import { peekLink } from "@/lib/domain/sign-in-proof";
import { readBrowserCookie } from "@/lib/web/cookies";
import { readProofProblem } from "@/lib/web/proof-problem";
import { readQuery, type SearchParams } from "@/lib/web/query";
import { signInPath } from "@/lib/web/return-to";
import { site } from "@/lib/web/site";

export async function generateMetadata(): Promise<Metadata> {
  return {
    title: (await getTranslations("confirm"))("title", { siteName: site().name }),
    robots: { index: false },
  };
}

/** Looks at a link and spends nothing, however often and by whomever it is opened. */
export default async function ConfirmPage({ searchParams }: { searchParams: SearchParams }) {
  const { token = "" } = await readQuery(searchParams);
  const link = await peekLink(token, await readBrowserCookie());
  const t = await getTranslations("proof.problem");
  if (!link || (link.state !== "usable" && !link.isOwn))
    return <DeadLink reason={t("unknown")} signIn="/sign-in" />;
  const { request } = link;
  if (link.state !== "usable")
    return <DeadLink reason={t(link.state)} signIn={signInPath(request.next)} />;
  const problem = await readProofProblem(searchParams);
  if (link.isOwn && problem) return <DeadLink reason={problem} signIn={signInPath(request.next)} />;
  if (link.isOwn)
    return <ConfirmHere siteName={site().name} address={request.emailTyped} token={token} />;
  return (
    <ConfirmElsewhere
      address={request.emailTyped}
      device={describeDevice(request.userAgent)}
      networkAddress={request.networkAddress}
      askedAt={request.createdAt}
      token={token}
      problem={problem}
    />
  );
}
