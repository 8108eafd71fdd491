import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { Door } from "./pictures/door";
import { Letter } from "./pictures/letter";
import { ShortSignInForm } from "./sign-in-form";

const steps = ["1", "2", "3"] as const;
const reasons = ["steal", "open", "asked"] as const;

export function SignedOutHome({ siteName }: { siteName: string }) {
  const t = useTranslations("home");
  return (
    <>
      <section className="grid items-center gap-x-12 gap-y-16 lg:grid-cols-[minmax(0,1.1fr)_minmax(0,1fr)]">
        <div>
          <h1 className="headline">{t("title")}</h1>
          <p className="mt-6 max-w-[34rem] text-lg text-muted">{t("lead", { siteName })}</p>
          <div className="mt-8 max-w-[34rem]">
            <ShortSignInForm />
            <p className="mt-3 text-muted text-sm">{t("newHere")}</p>
          </div>
        </div>
        <Scene siteName={siteName} />
      </section>
      <Chapter title={t("stepsTitle")}>
        <ol className="grid">
          {steps.map((step) => (
            <li
              key={step}
              className="grid grid-cols-[3.5rem_minmax(0,1fr)] gap-x-2 border-line border-t py-6 first:border-t-0 first:pt-0 sm:grid-cols-[5rem_minmax(0,1fr)]"
            >
              <span
                aria-hidden="true"
                className="font-display text-5xl text-brass-ink leading-none"
              >
                {step}
              </span>
              <div>
                <h3 className="font-semibold text-lg">{t(`step${step}Title`)}</h3>
                <p className="mt-1 text-muted">{t(`step${step}`)}</p>
              </div>
            </li>
          ))}
        </ol>
      </Chapter>
      <Chapter title={t("reasonsTitle")}>
        <dl className="grid gap-7">
          {reasons.map((reason) => (
            <div key={reason}>
              <dt className="font-semibold text-lg">{t(`reason.${reason}Title`)}</dt>
              <dd className="mt-1 text-muted">{t(`reason.${reason}`)}</dd>
            </div>
          ))}
        </dl>
      </Chapter>
    </>
  );
}

/** The whole thing in one picture: the door, the key in it, and the mail that brought it. */
function Scene({ siteName }: { siteName: string }) {
  return (
    <div className="mx-auto grid w-full max-w-lg">
      <Door
        state="key"
        className="col-start-1 row-start-1 ms-auto w-3/5 [view-transition-name:door] sm:me-4"
      />
      <Letter
        siteName={siteName}
        className="-rotate-3 rtl:rotate-3 col-start-1 row-start-1 mt-[30%] mb-[9%] w-[58%] self-end"
      />
    </div>
  );
}

function Chapter({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="mt-20 grid gap-x-16 gap-y-8 border-line border-t pt-12 lg:mt-28 lg:grid-cols-[minmax(0,1fr)_minmax(0,1.6fr)] lg:pt-16">
      <h2 className="title max-w-sm">{title}</h2>
      {children}
    </section>
  );
}
