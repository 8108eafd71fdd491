import type { ReactNode } from "react";

const looks = {
  plain: "border-line bg-page text-ink",
  danger: "border-danger bg-danger-soft text-ink",
};

/** Something to know before going on. A dangerous one is read out at once. */
export function Notice({
  look = "plain",
  children,
}: {
  look?: keyof typeof looks;
  children: ReactNode;
}) {
  return (
    <p
      className={`rounded-lg border px-4 py-3 ${looks[look]}`}
      role={look === "danger" ? "alert" : "status"}
    >
      {children}
    </p>
  );
}
