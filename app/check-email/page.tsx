import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { CodeForm } from "@/components/code-form";
import { MailState } from "@/components/mail-state";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { peekLatestRequest } from "@/lib/domain/sign-in-request";
import { signedOutOnly } from "@/lib/latchkey";
import { readBrowserCookie } from "@/lib/web/cookies";
import { readProofProblem } from "@/lib/web/proof-problem";
import type { SearchParams } from "@/lib/web/query";
import { safeReturnTo } from "@/lib/web/return-to";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("checkEmail"))("title") };
}

export default async function CheckEmailPage({ searchParams }: { searchParams: SearchParams }) {
  const browserToken = await readBrowserCookie();
  const request = browserToken ? await peekLatestRequest(browserToken) : null;
  if (!request) redirect("/sign-in");
  await signedOutOnly(safeReturnTo(request.next));
  const t = await getTranslations("checkEmail");
  return (
    <Card title={t("title")}>
      <p className="text-muted">
        {t.rich("sentTo", {
          address: () => <strong className="break-all text-ink">{request.emailTyped}</strong>,
        })}
      </p>
      <MailState mail={request.mail} />
      <CodeForm action="/auth/code" problem={await readProofProblem(searchParams)} autoFocus />
      <div className="grid gap-3 border-line border-t pt-5 text-muted text-sm">
        <p>{t("spam")}</p>
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
          <form action="/auth" method="post">
            <input type="hidden" name="email" value={request.emailTyped} />
            <input type="hidden" name="next" value={request.next} />
            {request.keepSignedIn && <input type="hidden" name="remember" value="on" />}
            <Button look="quiet">{t("sendAgain")}</Button>
          </form>
          <a
            href={`/sign-in?${new URLSearchParams({ next: request.next })}`}
            className="underline underline-offset-4"
          >
            {t("otherAddress")}
          </a>
        </div>
      </div>
    </Card>
  );
}
