/** How fast it goes, and how long it will take. */

/** Speed is the mean of so long a time, milliseconds: shorter jumps about, longer tells of the past. */
const SPAN = 5_000;

export class Rate {
  #seen: { at: number; bytes: number }[] = [];

  /** `bytes` have gone altogether at `now`, milliseconds. */
  note(now: number, bytes: number): void {
    const last = this.#seen.at(-1);
    // What is sent again after a break is no speed.
    if (last && bytes < last.bytes) this.#seen = [];
    this.#seen.push({ at: now, bytes });
    while ((this.#seen[1]?.at ?? now) < now - SPAN) this.#seen.shift();
  }

  /** Bytes a second; undefined until it can be told. */
  get speed(): number | undefined {
    const [first, last] = [this.#seen[0], this.#seen.at(-1)];
    if (!first || !last || last.at - first.at < 500) return undefined;
    return ((last.bytes - first.bytes) * 1_000) / (last.at - first.at);
  }

  /** Seconds left for so many bytes; undefined where nothing moves. */
  left(bytes: number): number | undefined {
    const speed = this.speed;
    return speed === undefined || speed < 1 ? undefined : bytes / speed;
  }

  stop(): void {
    this.#seen = [];
  }
}
