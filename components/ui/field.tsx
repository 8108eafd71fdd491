import type { ComponentProps, ReactNode } from "react";
import { WarningSign } from "./signs";

type Field = ComponentProps<"input"> & {
  id: string;
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  /** Classes of the whole, where `className` has those of the input. */
  around?: string;
};

/** A labelled text field; its hint and its error are read out with it. */
export function Field({ id, label, hint, error, around = "", className = "", ...props }: Field) {
  const describedBy = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const edge = error ? "border-danger inset-ring inset-ring-danger" : "border-line-strong";
  return (
    <div className={`grid grid-cols-1 content-start gap-2 ${around}`}>
      <label htmlFor={id} className="font-semibold">
        {label}
      </label>
      <input
        id={id}
        className={`min-h-13 w-full min-w-0 rounded-md border bg-field px-4 text-ink transition-colors placeholder:text-muted hover:border-ink ${edge} ${className}`}
        aria-invalid={error ? true : undefined}
        aria-describedby={describedBy || undefined}
        {...props}
      />
      {error && (
        <p id={`${id}-error`} className="flex gap-2 text-danger text-sm" role="alert">
          <WarningSign className="mt-0.5 size-4.5 shrink-0" />
          <span className="min-w-0">{error}</span>
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className="text-muted text-sm">
          {hint}
        </p>
      )}
    </div>
  );
}
