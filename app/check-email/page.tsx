import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { CodeForm } from "@/components/code-form";
import { DeadLink } from "@/components/dead-link";
import { MailState, stageOf } from "@/components/mail-state";
import { RefreshWhileShown } from "@/components/refresh-while-shown";
import { Address } from "@/components/ui/address";
import { Button } from "@/components/ui/button";
import { Doorway } from "@/components/ui/doorway";
import { peekLatestRequest } from "@/lib/domain/sign-in-request";
import { signedOutOnly } from "@/lib/latchkey";
import { readBrowserCookie } from "@/lib/web/cookies";
import { readProofProblem } from "@/lib/web/proof-problem";
import type { SearchParams } from "@/lib/web/query";
import { safeReturnTo, signInPath } from "@/lib/web/return-to";
import { site } from "@/lib/web/site";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("checkEmail"))("title") };
}

export default async function CheckEmailPage({ searchParams }: { searchParams: SearchParams }) {
  const browserToken = await readBrowserCookie();
  const request = browserToken ? await peekLatestRequest(browserToken) : null;
  if (!request) redirect("/sign-in");
  await signedOutOnly(safeReturnTo(request.next));
  const problem = await readProofProblem(searchParams);
  // Somebody has signed in with it: whose address it is, is nobody's business here any more.
  if (request.usedAt || request.replacedAt) {
    if (!problem) redirect("/sign-in");
    return <DeadLink reason={problem} signIn={signInPath(safeReturnTo(request.next))} />;
  }
  const t = await getTranslations("checkEmail");
  const stage = stageOf(request.mail, site().localMailbox);
  const isLost = stage === "lost";
  return (
    <Doorway
      door={stage === "left" ? "letter" : "closed"}
      title={t(isLost ? "lostTitle" : "title")}
    >
      <p className="text-muted">
        {t.rich(isLost ? "lost" : "sentTo", {
          address: () => <Address className="font-semibold text-ink">{request.emailTyped}</Address>,
        })}
      </p>
      <MailState mail={request.mail} hasMailbox={site().localMailbox} />
      {stage === "waiting" && <RefreshWhileShown everySeconds={2} />}
      <CodeForm action="/auth/code" problem={problem} autoFocus={!isLost} />
      <div className="border-line border-t pt-5">
        <p className="text-muted text-sm">{t(isLost ? "lostHelp" : "spam")}</p>
        <div className="mt-3 flex flex-wrap items-center gap-x-6 gap-y-2">
          <form action="/auth" method="post">
            <input type="hidden" name="email" value={request.emailTyped} />
            <input type="hidden" name="next" value={request.next} />
            {request.keepSignedIn && <input type="hidden" name="remember" value="on" />}
            <Button look="quiet" size="slim">
              {t("sendAgain")}
            </Button>
          </form>
          <a
            href={`/sign-in?${new URLSearchParams({ next: request.next })}`}
            className="link flex min-h-11 items-center"
          >
            {t("otherAddress")}
          </a>
        </div>
      </div>
    </Doorway>
  );
}
