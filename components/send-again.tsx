"use client";

import { useEffect, useState } from "react";
import { Button } from "./ui/button";

type SendAgain = {
  /** Until the next mail can go, as the server counts; 0 when it can go now. */
  waitSeconds: number;
  texts: {
    button: string;
    /** The time of day at which it can go. */
    at: string;
    /** With `{time}` where the minutes and seconds that are left belong. */
    in: string;
    now: string;
  };
};

/** The button that has another mail sent, and when it can go. Pressed too early, without scripts, the answer says so too. */
export function SendAgain({ waitSeconds, texts }: SendAgain) {
  const left = useCountdown(waitSeconds);
  const isCounting = left !== null && left < 3600;
  const clock = `${Math.floor((left ?? 0) / 60)}:${String((left ?? 0) % 60).padStart(2, "0")}`;
  return (
    <>
      <Button look="quiet" size="slim" disabled={left !== null && left > 0}>
        {texts.button}
      </Button>
      {waitSeconds > 0 && (
        <p className="mt-2 text-muted text-sm tabular-nums">
          {left === 0 ? texts.now : isCounting ? texts.in.replace("{time}", clock) : texts.at}
        </p>
      )}
    </>
  );
}

/** Counts down by the clock, since browsers slow the timers of a page that nobody looks at; null before it has begun. */
function useCountdown(seconds: number): number | null {
  const [left, setLeft] = useState<number | null>(null);
  useEffect(() => {
    const end = performance.now() + seconds * 1000;
    const tick = () => setLeft(Math.max(0, Math.ceil((end - performance.now()) / 1000)));
    tick();
    const timer = setInterval(tick, 1000);
    return () => clearInterval(timer);
  }, [seconds]);
  return left;
}
