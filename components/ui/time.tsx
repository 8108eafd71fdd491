import { useFormatter } from "next-intl";

/** A time to the second, with its zone: what a record tells. */
export function Time({ at }: { at: Date }) {
  const words = useFormatter().dateTime(at, {
    dateStyle: "medium",
    timeStyle: "long",
    hourCycle: "h23",
  });
  return <time dateTime={at.toISOString()}>{words}</time>;
}
