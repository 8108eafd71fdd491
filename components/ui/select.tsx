import type { ComponentProps } from "react";

type Select = ComponentProps<"select"> & {
  id: string;
  label: string;
  options: { value: string; text: string }[];
};

/** A labelled choice of one among few. */
export function Select({ id, label, options, ...props }: Select) {
  return (
    <div className="grid grid-cols-1 content-start gap-2">
      <label htmlFor={id} className="font-semibold">
        {label}
      </label>
      <select
        id={id}
        className="min-h-13 w-full min-w-0 rounded-md border border-line-strong bg-field px-4 text-ink transition-colors hover:border-ink"
        {...props}
      >
        {options.map(({ value, text }) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
