import type { ComponentProps } from "react";
import { ChoiceSign, WarningSign } from "./signs";

type Select = ComponentProps<"select"> & {
  id: string;
  label: string;
  error?: string | undefined;
  /** What can be chosen: the value, and its words. */
  options: (readonly [string, string])[];
};

/** A labelled choice of one; its error is read out with it. */
export function Select({ id, label, error, options, ...props }: Select) {
  const edge = error ? "border-danger inset-ring inset-ring-danger" : "border-line-strong";
  return (
    <div className="grid grid-cols-1 content-start gap-2">
      <label htmlFor={id} className="font-semibold">
        {label}
      </label>
      <span className="relative grid">
        <select
          id={id}
          className={`min-h-13 w-full min-w-0 appearance-none truncate rounded-md border bg-field ps-4 pe-11 text-ink transition-colors hover:border-ink ${edge}`}
          aria-invalid={error ? true : undefined}
          aria-describedby={error ? `${id}-error` : undefined}
          {...props}
        >
          {options.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
        <ChoiceSign className="pointer-events-none absolute end-3.5 top-1/2 size-5 -translate-y-1/2" />
      </span>
      {error && (
        <p id={`${id}-error`} className="flex gap-2 text-danger text-sm" role="alert">
          <WarningSign className="mt-0.5 size-4.5 shrink-0" />
          <span className="min-w-0">{error}</span>
        </p>
      )}
    </div>
  );
}
