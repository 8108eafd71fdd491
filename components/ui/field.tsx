import type { ComponentProps, ReactNode } from "react";

type Field = ComponentProps<"input"> & {
  id: string;
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
};

/** A labelled text field; its hint and its error are read out with it. */
export function Field({ id, label, hint, error, className = "", ...props }: Field) {
  const describedBy = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className="grid gap-1.5">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      <input
        id={id}
        className={`min-h-12 w-full rounded-lg border bg-field px-3.5 text-ink ${error ? "border-danger" : "border-line-strong"} ${className}`}
        aria-invalid={error ? true : undefined}
        aria-describedby={describedBy || undefined}
        {...props}
      />
      {hint && (
        <p id={`${id}-hint`} className="text-muted text-sm">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="text-danger text-sm" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
