/** What somebody must not lose by a fault, and what was tried to make them. */
export class Toll {
  readonly #deeds = new Map<string, number>();
  readonly #losses = new Map<string, number>();
  #longestWait = 0;

  /** Something was done so often, for the table at the end. */
  did(what: string, times = 1): void {
    this.#deeds.set(what, (this.#deeds.get(what) ?? 0) + times);
  }

  /** Something is gone that should be there, or happened that must not. The test goes on, and fails at its end. */
  lost(what: string): void {
    this.#losses.set(what, (this.#losses.get(what) ?? 0) + 1);
  }

  /** Counts as lost what does not hold. */
  expect(holds: boolean, otherwise: string): void {
    if (!holds) this.lost(otherwise);
  }

  /** Somebody waited so many milliseconds; longer than the limit counts as lost. */
  waited(milliseconds: number, limit = Number.POSITIVE_INFINITY, forWhat = "an answer"): void {
    this.#longestWait = Math.max(this.#longestWait, milliseconds);
    if (milliseconds > limit) this.lost(`${forWhat} within ${limit / 1000} s`);
  }

  /** Does something for which somebody waits. */
  async timed<Result>(
    work: () => Promise<Result>,
    limit?: number,
    forWhat?: string,
  ): Promise<Result> {
    const startedAt = performance.now();
    const result = await work();
    this.waited(performance.now() - startedAt, limit, forWhat);
    return result;
  }

  get deeds(): string {
    return [...this.#deeds].map(([what, times]) => `${times} ${what}`).join(", ");
  }

  get losses(): string {
    return [...this.#losses].map(([what, times]) => `${times} × ${what}`).join(", ");
  }

  get longestWait(): number {
    return this.#longestWait;
  }
}
