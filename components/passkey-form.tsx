"use client";

import {
  startAuthentication,
  startRegistration,
  WebAuthnAbortService,
} from "@simplewebauthn/browser";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { WarningSign } from "./ui/signs";

type PasskeyForm = {
  /** Takes what the passkey answers. */
  action: string;
  /** What it is asked for. */
  purpose: "sign-in" | "second-factor" | "enrolment" | "step-up" | "new-passkey";
  fields?: Record<string, string | undefined>;
  texts: { waiting: string; cancelled: string; failed: string };
  /** What stands in the form; the button among it. */
  children: ReactNode;
  /** What is said where scripts are missing, or the browser knows no passkeys. */
  without?: ReactNode;
};

/** A challenge lives ten minutes; one that waits in a field is asked for anew before that. */
const renewEveryMs = 8 * 60_000;

/** Asks the device for a passkey and sends what it answers. Not there without scripts: passkeys need them. */
export function PasskeyForm({
  action,
  purpose,
  fields = {},
  texts,
  children,
  without,
}: PasskeyForm) {
  const form = useRef<HTMLFormElement>(null);
  /** Null until the scripts run. */
  const [isPossible, setPossible] = useState<boolean | null>(null);
  const [state, setState] = useState<"idle" | "waiting" | "cancelled" | "failed">("idle");
  /** Whether the device is being asked because the button was pressed: nothing else may break that off. */
  const isAsking = useRef(false);
  const isShown = useRef(false);

  const send = useCallback((answer: object) => {
    const passkey = form.current?.elements.namedItem("passkey");
    const remember = form.current?.elements.namedItem("remember");
    if (passkey instanceof HTMLInputElement) passkey.value = JSON.stringify(answer);
    if (remember instanceof HTMLInputElement) remember.value = isRemembered() ? "on" : "off";
    form.current?.submit();
  }, []);

  useEffect(() => setPossible("PublicKeyCredential" in window), []);

  // The address field offers passkeys by itself, where the browser can.
  const offer = useCallback(async () => {
    if (purpose !== "sign-in" || isAsking.current) return;
    const isOffered = await PublicKeyCredential.isConditionalMediationAvailable?.();
    // Whoever wants none types an address instead: a refusal is no fault.
    const answer = isOffered && (await askDevice(purpose, true).catch(() => null));
    if (answer && isShown.current) send(answer);
  }, [purpose, send]);

  useEffect(() => {
    if (!isPossible) return;
    isShown.current = true;
    void offer();
    const timer = setInterval(offer, renewEveryMs);
    return () => {
      isShown.current = false;
      clearInterval(timer);
      WebAuthnAbortService.cancelCeremony();
    };
  }, [isPossible, offer]);

  const ask = async () => {
    if (isAsking.current) return;
    isAsking.current = true;
    setState("waiting");
    try {
      send(await askDevice(purpose, false));
      setState("idle");
    } catch (error) {
      setState(error instanceof SiteAway ? "failed" : "cancelled");
    }
    isAsking.current = false;
    void offer();
  };

  return (
    <>
      {!isPossible && (
        <div className={isPossible === null ? "hidden noscript:block" : ""}>{without}</div>
      )}
      <form
        ref={form}
        action={action}
        method="post"
        className="grid grid-cols-1 gap-4"
        hidden={!isPossible}
        onSubmit={(event) => {
          event.preventDefault();
          void ask();
        }}
      >
        <input type="hidden" name="passkey" />
        {purpose === "sign-in" && <input type="hidden" name="remember" />}
        {Object.entries(fields).map(
          ([name, value]) =>
            value !== undefined && <input key={name} type="hidden" name={name} value={value} />,
        )}
        {children}
        <p role="status" className="text-muted text-sm empty:sr-only">
          {state === "waiting" ? texts.waiting : ""}
        </p>
        {(state === "cancelled" || state === "failed") && (
          <p role="alert" className="flex gap-2 text-danger text-sm">
            <WarningSign className="mt-0.5 size-4.5 shrink-0" />
            <span className="min-w-0">{texts[state]}</span>
          </p>
        )}
      </form>
    </>
  );
}

/** Ticked in the form of the address, which stands on the same page. */
function isRemembered(): boolean {
  const box = document.getElementById("remember");
  return box instanceof HTMLInputElement && box.checked;
}

/** The site itself does not answer: no fault of the passkey. */
class SiteAway extends Error {}

async function askDevice(purpose: PasskeyForm["purpose"], useBrowserAutofill: boolean) {
  const answer = await fetch("/auth/passkey/options", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ for: purpose }),
  }).catch(() => null);
  // The sign-in, or the session, is over: the page says so when it is asked for anew.
  if (answer?.status === 401) location.reload();
  if (!answer?.ok) throw new SiteAway();
  const optionsJSON = await answer.json();
  return purpose === "new-passkey" || purpose === "enrolment"
    ? await startRegistration({ optionsJSON })
    : await startAuthentication({ optionsJSON, useBrowserAutofill });
}
