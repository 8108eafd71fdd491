import type { ComponentProps } from "react";

const looks = {
  primary: "bg-accent text-on-accent hover:bg-accent-strong",
  quiet: "border border-line bg-card text-ink hover:border-muted",
  bare: "text-ink underline-offset-4 hover:underline",
};

const shape =
  "inline-flex min-h-11 items-center justify-center rounded-lg px-5 font-medium transition-colors cursor-pointer";

type Look = { look?: keyof typeof looks };

export function Button({
  look = "primary",
  className = "",
  ...props
}: ComponentProps<"button"> & Look) {
  return <button className={`${shape} ${looks[look]} ${className}`} {...props} />;
}

/** A link that looks like a button. Links load whole pages: what is shown is always what the server says now. */
export function ButtonLink({
  look = "primary",
  className = "",
  children,
  ...props
}: ComponentProps<"a"> & Look) {
  return (
    <a className={`${shape} ${looks[look]} ${className}`} {...props}>
      {children}
    </a>
  );
}
