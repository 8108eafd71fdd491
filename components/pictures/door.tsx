import { type DoorState, drawings } from "./door-drawings";

export type { DoorState };

/** The door of the site, which tells where in the flow a visitor is. Seen, never read out: the page says the same. */
export function Door({ state, className = "" }: { state: DoorState; className?: string }) {
  return (
    <svg
      viewBox="0 0 240 352"
      className={`pointer-events-none overflow-visible rtl:-scale-x-100 ${className}`}
      aria-hidden="true"
      // biome-ignore lint/security/noDangerouslySetInnerHtml: it is all our own, and a page carries one text in place of thirty elements, twice.
      dangerouslySetInnerHTML={{ __html: drawings[state] }}
    />
  );
}
