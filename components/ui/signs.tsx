type Sign = { className?: string };

const stroke = {
  fill: "none",
  stroke: "currentColor",
  strokeWidth: 1.75,
  strokeLinecap: "round",
  strokeLinejoin: "round",
} as const;

export function WarningSign({ className }: Sign) {
  return (
    <svg viewBox="0 0 20 20" className={className} aria-hidden="true" {...stroke}>
      <circle cx="10" cy="10" r="8" />
      <path d="M10 5.8v5M10 14v.1" />
    </svg>
  );
}

export function WaitingSign({ className }: Sign) {
  return (
    <svg viewBox="0 0 20 20" className={className} aria-hidden="true" {...stroke}>
      <circle cx="10" cy="10" r="8" />
      <path d="M10 5.5V10l3 2" />
    </svg>
  );
}

export function DoneSign({ className }: Sign) {
  return (
    <svg viewBox="0 0 20 20" className={className} aria-hidden="true" {...stroke}>
      <circle cx="10" cy="10" r="8" />
      <path d="m6.5 10.2 2.4 2.4 4.7-5" />
    </svg>
  );
}

export function ChoiceSign({ className }: Sign) {
  return (
    <svg viewBox="0 0 20 20" className={className} aria-hidden="true" {...stroke}>
      <path d="m5.5 8 4.5 4.5L14.5 8" />
    </svg>
  );
}
