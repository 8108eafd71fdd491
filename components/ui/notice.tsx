import type { ReactNode } from "react";
import { DoneSign, WaitingSign, WarningSign } from "./signs";

const looks = {
  waiting: { Sign: WaitingSign, colors: "border-line bg-notice", sign: "text-muted" },
  done: { Sign: DoneSign, colors: "border-line bg-notice", sign: "text-accent" },
  danger: { Sign: WarningSign, colors: "border-danger bg-danger-soft", sign: "text-danger" },
};

/** Something to know before going on. A dangerous one is read out at once. */
export function Notice({ look, children }: { look: keyof typeof looks; children: ReactNode }) {
  const { Sign, colors, sign } = looks[look];
  return (
    <div
      className={`flex gap-3 rounded-md border px-4 py-3 text-ink ${colors}`}
      role={look === "danger" ? "alert" : "status"}
    >
      <Sign className={`mt-1 size-5 shrink-0 ${sign}`} />
      <p className="wrap-anywhere min-w-0">{children}</p>
    </div>
  );
}
