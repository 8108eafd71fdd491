/** What the door says without words. */
export type DoorState = "closed" | "letter" | "key" | "open" | "broken" | "walled" | "away";

/** What falls from the window onto the wall by night. */
const lamplight = `
  <radialGradient id="lamplight">
    <stop offset="0.25" stop-color="var(--color-lamp)"/>
    <stop offset="0.5" stop-color="var(--color-lamp)" stop-opacity="0.42"/>
    <stop offset="0.75" stop-color="var(--color-lamp)" stop-opacity="0.12"/>
    <stop offset="1" stop-color="var(--color-lamp)" stop-opacity="0"/>
  </radialGradient>
  <circle cx="120" cy="110" r="215" fill="url(#lamplight)"/>`;

const arch = `
  <path d="M16 340V120a104 104 0 0 1 208 0v220z" class="fill-stone"/>
  <path d="M30 340V120a90 90 0 0 1 180 0v220z" class="fill-stone-deep"/>`;

const steps = `
  <path d="M8 338h224v7H8z" class="fill-stone"/>
  <path d="M0 345h240v7H0z" class="fill-stone-deep"/>`;

/** The half-round window above; by night somebody is in. */
const fanlight = `
  <path d="M40 118a80 80 0 0 1 160 0z" class="fill-pane"/>
  <path d="M92 118a28 28 0 0 1 56 0M120 38v52M63.4 61.4l36.8 36.8M176.6 61.4l-36.8 36.8" class="fill-none stroke-stone" stroke-width="5"/>
  <path d="M36 118h168v9H36z" class="fill-stone"/>`;

const panels = [
  "M54 141h58v74h-58z",
  "M128 141h58v74h-58z",
  "M54 262h58v62h-58z",
  "M128 262h58v62h-58z",
].join("");

const leaf = `
  <path d="M40 127h160v211H40z" class="fill-door"/>
  <path d="${panels}" class="fill-door-deep"/>
  <path d="M54 215h58v-74M128 215h58v-74M54 324h58v-62M128 324h58v-62" class="fill-none stroke-door-light" stroke-width="2"/>
  <rect x="68" y="231" width="88" height="16" rx="3" class="fill-brass"/>
  <rect x="75" y="236" width="74" height="6" rx="3" class="fill-door-deep"/>`;

/** The plate with the knob and the keyhole. */
const lock = `
  <rect x="171" y="213" width="22" height="50" rx="5" class="fill-brass-deep"/>
  <rect x="171" y="213" width="22" height="48" rx="5" class="fill-brass"/>
  <path d="M182 240a4.5 4.5 0 0 0-2.2 8.4l-1.3 7.1h7l-1.3-7.1a4.5 4.5 0 0 0-2.2-8.4z" class="fill-door-deep"/>
  <circle cx="182.5" cy="228" r="8" class="fill-brass-deep"/>
  <circle cx="181.5" cy="226.5" r="7" class="fill-glow"/>`;

/** The mail, half through the slot. */
const letter = `
  <g transform="rotate(3 112 239)">
    <path d="M80 239h64v48H80z" class="fill-paper"/>
    <path d="m80 287 32-25 32 25" class="fill-none stroke-paper-line" stroke-width="2"/>
    <path d="M80 239h64v6H80z" class="fill-paper-line"/>
    <circle cx="112" cy="266" r="6" class="fill-brass"/>
  </g>`;

/** The key in its hole, and the tag that hangs from it. */
const key = `
  <path d="M179 244h6v18h-6z" class="fill-brass-deep"/>
  <circle cx="182" cy="270" r="9" class="fill-none stroke-brass" stroke-width="5.5"/>
  <g class="swings">
    <path d="M182 276v14" class="stroke-paper-line" stroke-width="2"/>
    <path d="m182 286 12 9v33h-24v-33z" class="fill-paper"/>
    <circle cx="182" cy="295" r="2.5" class="fill-paper-line"/>
    <path d="M175 306h14M175 312h14M175 318h8" class="stroke-paper-line" stroke-width="2"/>
  </g>`;

/** Its stump is in the lock, and its bow on the step. */
const brokenKey = `
  <path d="M179 245h6v10l-3 4-3-3z" class="fill-brass-deep"/>
  <g transform="rotate(14 96 330)">
    <circle cx="92" cy="329" r="8" class="fill-none stroke-brass" stroke-width="5"/>
    <path d="M102 326h20l4 3-3 3h-21z" class="fill-brass"/>
  </g>`;

/** A note on a nail: whoever belongs here will be back. */
const note = `
  <g class="swings">
    <path d="m120 148-26 26M120 148l26 26" class="stroke-paper-line" stroke-width="2"/>
    <circle cx="120" cy="148" r="3.5" class="fill-brass"/>
    <rect x="82" y="172" width="76" height="46" rx="3" class="fill-paper"/>
    <path d="M94 187h52M94 196h52M94 205h30" class="stroke-paper-line" stroke-width="3" stroke-linecap="round"/>
  </g>`;

/** Light from inside, and the leaf swung in. */
const openLeaf = `
  <path d="M40 127h160v211H40z" class="fill-glow"/>
  <path d="M100 338 84 230h72l44 108z" class="fill-brass" opacity="0.28"/>
  <path d="M128 190h40v62h-40z" class="fill-paper" opacity="0.85"/>
  <path d="M133 195h30v52h-30z" class="fill-door-light" opacity="0.55"/>
  <path d="m133 247 12-20 9 11 4-5 5 14z" class="fill-door"/>
  <circle cx="153" cy="207" r="5" class="fill-brass"/>
  <path d="M40 127l52 18v193H40z" class="fill-door"/>
  <path d="m50 147 32 10v58l-32-3zM50 258l32-1v66l-32 4z" class="fill-door-deep"/>
  <path d="M40 127l52 18v193" class="fill-none stroke-door-light" stroke-width="2"/>
  <circle cx="84" cy="236" r="6" class="fill-brass"/>`;

/** Rows of stones, of which each fifth is of another colour. */
function stones(areOther: boolean): string {
  const places = Array.from({ length: 14 * 5 }, (_, at) => [Math.floor(at / 5), at % 5] as const);
  return places
    .filter(([row, stone]) => ((row * 7 + stone * 3) % 5 === 0) === areOther)
    .map(([row, stone]) => `M${(row % 2 ? 20 : 0) + stone * 42} ${44 + row * 22}h34v14h-34z`)
    .join("");
}

/** No door has ever been here. Lines around the stones round their corners. */
const wall = `
  <clipPath id="arch"><path d="M40 338V120a80 80 0 0 1 160 0v218z"/></clipPath>
  <g clip-path="url(#arch)" stroke-width="4" stroke-linejoin="round">
    <path d="${stones(false)}" class="fill-stone stroke-stone"/>
    <path d="${stones(true)}" class="fill-line stroke-line"/>
  </g>`;

const shut = fanlight + leaf + lock;

/** The inside of the door's `svg`, of 240 by 352. */
export const drawings: Record<DoorState, string> = {
  closed: drawn(lamplight + arch + shut),
  letter: drawn(lamplight + arch + shut + letter),
  key: drawn(lamplight + arch + shut + key),
  open: drawn(lamplight + arch + fanlight + openLeaf),
  broken: drawn(lamplight + arch + shut + brokenKey),
  walled: drawn(arch + wall),
  away: drawn(lamplight + arch + shut + note),
};

function drawn(scene: string): string {
  return (scene + steps).replace(/\s*\n\s*/g, "");
}
