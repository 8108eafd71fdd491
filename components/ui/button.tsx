import type { ComponentProps } from "react";

const looks = {
  primary: "border-transparent bg-accent text-on-accent hover:bg-accent-strong",
  danger: "border-transparent bg-danger text-page hover:opacity-90",
  quiet: "border-line-strong bg-card text-ink hover:border-ink",
};

const sizes = { normal: "min-h-12 px-6 py-2.5", tall: "min-h-13 px-6", slim: "min-h-11 px-4 py-2" };

// The border of the primary look is seen where the browser takes all colours away.
const shape =
  "inline-flex cursor-pointer items-center justify-center rounded-md border text-center font-semibold leading-tight transition-colors disabled:cursor-default disabled:border-line disabled:text-muted disabled:hover:border-line motion-safe:active:translate-y-px";

type Look = { look?: keyof typeof looks; size?: keyof typeof sizes };

export function Button({
  look = "primary",
  size = "normal",
  className = "",
  ...props
}: ComponentProps<"button"> & Look) {
  return <button className={`${shape} ${looks[look]} ${sizes[size]} ${className}`} {...props} />;
}

/** A link that looks like a button. Links load whole pages: what is shown is always what the server says now. */
export function ButtonLink({
  look = "primary",
  size = "normal",
  className = "",
  children,
  ...props
}: ComponentProps<"a"> & Look) {
  return (
    <a className={`${shape} ${looks[look]} ${sizes[size]} ${className}`} {...props}>
      {children}
    </a>
  );
}
