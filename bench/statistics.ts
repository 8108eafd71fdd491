/** The middle one, and the ends of what lies between. */
export type Spread = { median: number; low: number; high: number };

export function spreadOf(sample: number[]): Spread {
  const sorted = [...sample].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return { median: at(0.5), low: at(0), high: at(1) };
}

/** Round by round: what disturbs a machine disturbs those that work one right after the other alike. */
export function ratioOf(ones: number[], others: number[]): Spread {
  return spreadOf(ones.map((one, round) => one / (others[round] ?? Number.NaN)));
}
