import type { ReactNode } from "react";

/** What the door says without words. */
export type DoorState = "closed" | "letter" | "key" | "open" | "broken" | "walled" | "away";

/** The door of the site, which tells where in the flow a visitor is. Seen, never read out: the page says the same. */
export function Door({ state, className = "" }: { state: DoorState; className?: string }) {
  return (
    <svg
      viewBox="0 0 240 352"
      className={`pointer-events-none overflow-visible rtl:-scale-x-100 ${className}`}
      aria-hidden="true"
    >
      {state !== "walled" && <Lamplight />}
      <path d="M16 340V120a104 104 0 0 1 208 0v220z" className="fill-stone" />
      <path d="M30 340V120a90 90 0 0 1 180 0v220z" className="fill-stone-deep" />
      {state === "walled" ? <Wall /> : <Doorway>{scenes[state]}</Doorway>}
      <path d="M8 338h224v7H8z" className="fill-stone" />
      <path d="M0 345h240v7H0z" className="fill-stone-deep" />
    </svg>
  );
}

/** What falls from the window onto the wall by night. */
function Lamplight() {
  return (
    <>
      <radialGradient id="lamplight">
        <stop offset="0.25" stopColor="var(--color-lamp)" />
        <stop offset="0.5" stopColor="var(--color-lamp)" stopOpacity="0.42" />
        <stop offset="0.75" stopColor="var(--color-lamp)" stopOpacity="0.12" />
        <stop offset="1" stopColor="var(--color-lamp)" stopOpacity="0" />
      </radialGradient>
      <circle cx="120" cy="110" r="215" fill="url(#lamplight)" />
    </>
  );
}

function Doorway({ children }: { children: ReactNode }) {
  return (
    <>
      <Fanlight />
      {children}
    </>
  );
}

/** The half-round window above; by night somebody is in. */
function Fanlight() {
  return (
    <>
      <path d="M40 118a80 80 0 0 1 160 0z" className="fill-pane" />
      <g className="fill-none stroke-stone" strokeWidth="5">
        <path d="M92 118a28 28 0 0 1 56 0" />
        <path d="M120 38v52M63.4 61.400l36.8 36.800M176.6 61.400l-36.8 36.8" />
      </g>
      <path d="M36 118h168v9H36z" className="fill-stone" />
    </>
  );
}

function Leaf() {
  return (
    <>
      <path d="M40 127h160v211H40z" className="fill-door" />
      <Panel x={54} y={141} width={58} height={74} />
      <Panel x={128} y={141} width={58} height={74} />
      <Panel x={54} y={262} width={58} height={62} />
      <Panel x={128} y={262} width={58} height={62} />
      <rect x="68" y="231" width="88" height="16" rx="3" className="fill-brass" />
      <rect x="75" y="236" width="74" height="6" rx="3" className="fill-door-deep" />
    </>
  );
}

type Box = { x: number; y: number; width: number; height: number };

function Panel({ x, y, width, height }: Box) {
  return (
    <>
      <rect {...{ x, y, width, height }} className="fill-door-deep" />
      <path
        d={`M${x} ${y + height}h${width}v${-height}`}
        className="fill-none stroke-door-light"
        strokeWidth="2"
      />
    </>
  );
}

/** The plate with the knob and the keyhole. */
function Lock() {
  return (
    <>
      <rect x="171" y="213" width="22" height="50" rx="5" className="fill-brass-deep" />
      <rect x="171" y="213" width="22" height="48" rx="5" className="fill-brass" />
      <path
        d="M182 240a4.5 4.5 0 0 0-2.2 8.4l-1.3 7.1h7l-1.3-7.1a4.5 4.5 0 0 0-2.2-8.4z"
        className="fill-door-deep"
      />
      <circle cx="182.5" cy="228" r="8" className="fill-brass-deep" />
      <circle cx="181.5" cy="226.5" r="7" className="fill-glow" />
    </>
  );
}

/** The mail, half through the slot. */
function Letter() {
  return (
    <g transform="rotate(3 112 239)">
      <path d="M80 239h64v48H80z" className="fill-paper" />
      <path d="m80 287 32-25 32 25" className="fill-none stroke-paper-line" strokeWidth="2" />
      <path d="M80 239h64v6H80z" className="fill-paper-line" />
      <circle cx="112" cy="266" r="6" className="fill-brass" />
    </g>
  );
}

/** The key in its hole, and the tag that hangs from it. */
function Key() {
  return (
    <>
      <path d="M179 244h6v18h-6z" className="fill-brass-deep" />
      <circle cx="182" cy="270" r="9" className="fill-none stroke-brass" strokeWidth="5.5" />
      <g className="swings">
        <path d="M182 276v14" className="stroke-paper-line" strokeWidth="2" />
        <path d="m182 286 12 9v33h-24v-33z" className="fill-paper" />
        <circle cx="182" cy="295" r="2.5" className="fill-paper-line" />
        <path d="M175 306h14M175 312h14M175 318h8" className="stroke-paper-line" strokeWidth="2" />
      </g>
    </>
  );
}

/** Its stump is in the lock, and its bow on the step. */
function BrokenKey() {
  return (
    <>
      <path d="M179 245h6v10l-3 4-3-3z" className="fill-brass-deep" />
      <g transform="rotate(14 96 330)">
        <circle cx="92" cy="329" r="8" className="fill-none stroke-brass" strokeWidth="5" />
        <path d="M102 326h20l4 3-3 3h-21z" className="fill-brass" />
      </g>
    </>
  );
}

/** A note on a nail: whoever belongs here will be back. */
function Note() {
  return (
    <g className="swings">
      <path d="m120 148-26 26M120 148l26 26" className="stroke-paper-line" strokeWidth="2" />
      <circle cx="120" cy="148" r="3.5" className="fill-brass" />
      <rect x="82" y="172" width="76" height="46" rx="3" className="fill-paper" />
      <path
        d="M94 187h52M94 196h52M94 205h30"
        className="stroke-paper-line"
        strokeWidth="3"
        strokeLinecap="round"
      />
    </g>
  );
}

/** Light from inside, and the leaf swung in. */
function OpenDoor() {
  return (
    <>
      <path d="M40 127h160v211H40z" className="fill-glow" />
      <path d="M100 338 84 230h72l44 108z" className="fill-brass" opacity="0.28" />
      <path d="M128 190h40v62h-40z" className="fill-paper" opacity="0.85" />
      <path d="M133 195h30v52h-30z" className="fill-door-light" opacity="0.55" />
      <path d="m133 247 12-20 9 11 4-5 5 14z" className="fill-door" />
      <circle cx="153" cy="207" r="5" className="fill-brass" />
      <path d="M40 127l52 18v193H40z" className="fill-door" />
      <path d="m50 147 32 10v58l-32-3zM50 258l32-1v66l-32 4z" className="fill-door-deep" />
      <path d="M40 127l52 18v193" className="fill-none stroke-door-light" strokeWidth="2" />
      <circle cx="84" cy="236" r="6" className="fill-brass" />
    </>
  );
}

/** No door has ever been here. */
function Wall() {
  const rows = Array.from({ length: 14 }, (_, row) => row);
  return (
    <>
      <clipPath id="arch">
        <path d="M40 338V120a80 80 0 0 1 160 0v218z" />
      </clipPath>
      <g clipPath="url(#arch)">
        {rows.flatMap((row) =>
          [0, 1, 2, 3, 4].map((brick) => (
            <rect
              key={`${row}-${brick}`}
              x={(row % 2 ? 18 : -2) + brick * 42}
              y={42 + row * 22}
              width="38"
              height="18"
              rx="2"
              className={(row * 7 + brick * 3) % 5 === 0 ? "fill-line" : "fill-stone"}
            />
          )),
        )}
      </g>
    </>
  );
}

const shut = (
  <>
    <Leaf />
    <Lock />
  </>
);

const scenes: Record<Exclude<DoorState, "walled">, ReactNode> = {
  closed: shut,
  letter: (
    <>
      {shut}
      <Letter />
    </>
  ),
  key: (
    <>
      {shut}
      <Key />
    </>
  ),
  open: <OpenDoor />,
  broken: (
    <>
      {shut}
      <BrokenKey />
    </>
  ),
  away: (
    <>
      {shut}
      <Note />
    </>
  ),
};
