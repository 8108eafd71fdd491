import type { ComponentProps } from "react";

export function Checkbox({
  id,
  label,
  ...props
}: ComponentProps<"input"> & { id: string; label: string }) {
  return (
    <label htmlFor={id} className="flex min-h-11 cursor-pointer items-center gap-3">
      <input id={id} type="checkbox" className="size-5.5 shrink-0 accent-accent" {...props} />
      {label}
    </label>
  );
}
