import type { ComponentProps, ReactNode } from "react";
import { ChoiceSign, WarningSign } from "./signs";

type Labelled = {
  id: string;
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  /** Classes of the whole, where `className` has those of the input. */
  around?: string;
};

/** A labelled text field; its hint and its error are read out with it. */
export function Field({ className = "", ...props }: ComponentProps<"input"> & Labelled) {
  const { labelled, rest } = apart(props);
  return (
    <Labelled {...labelled}>
      <input className={`min-h-13 ${shape(labelled)} ${className}`} {...aria(labelled)} {...rest} />
    </Labelled>
  );
}

/** The same for a text of several lines. */
export function TextArea({ className = "", ...props }: ComponentProps<"textarea"> & Labelled) {
  const { labelled, rest } = apart(props);
  return (
    <Labelled {...labelled}>
      <textarea className={`py-3 ${shape(labelled)} ${className}`} {...aria(labelled)} {...rest} />
    </Labelled>
  );
}

type Select = ComponentProps<"select"> &
  Labelled & {
    /** What can be chosen: the value, and its words. */
    options: (readonly [string, string])[];
  };

/** The same for a choice of one. */
export function Select({ className = "", options, ...props }: Select) {
  const { labelled, rest } = apart(props);
  return (
    <Labelled {...labelled}>
      <span className="relative grid">
        <select
          className={`min-h-13 appearance-none truncate pe-11 ${shape(labelled)} ${className}`}
          {...aria(labelled)}
          {...rest}
        >
          {options.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
        <ChoiceSign className="pointer-events-none absolute end-3.5 top-1/2 size-5 -translate-y-1/2" />
      </span>
    </Labelled>
  );
}

function apart<Props extends Labelled>({ id, label, hint, error, around, ...rest }: Props) {
  return { labelled: { id, label, hint, error, ...(around && { around }) }, rest };
}

function shape({ error }: Labelled): string {
  const edge = error ? "border-danger inset-ring inset-ring-danger" : "border-line-strong";
  return `w-full min-w-0 rounded-md border bg-field px-4 text-ink transition-colors placeholder:text-muted hover:border-ink ${edge}`;
}

function aria({ id, hint, error }: Labelled) {
  const describedBy = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return {
    id,
    "aria-invalid": error ? true : undefined,
    "aria-describedby": describedBy || undefined,
  };
}

function Labelled({
  id,
  label,
  hint,
  error,
  around = "",
  children,
}: Labelled & { children: ReactNode }) {
  return (
    <div className={`grid w-full grid-cols-1 content-start gap-2 ${around}`}>
      <label htmlFor={id} className="font-semibold">
        {label}
      </label>
      {children}
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
