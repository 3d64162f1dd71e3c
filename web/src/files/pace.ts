/** Calls no faster than the device takes them: it refuses more than 50 a second, and ends a session that goes on. */

/** Calls a second; what is typed and asked beside files needs its share. */
const RATE = 35;
/** Calls at once after a pause. */
const BURST = 60;

export class Pace {
  #tokens = BURST;
  #at: number | undefined;
  #last: Promise<void> = Promise.resolve();

  /** Resolves when one more call may be made, in the order in which they were asked for. */
  next(): Promise<void> {
    this.#last = this.#last.then(async () => {
      this.#fill();
      if (this.#tokens < 1) {
        await new Promise((resolve) => setTimeout(resolve, ((1 - this.#tokens) * 1_000) / RATE));
        this.#fill();
      }
      this.#tokens -= 1;
    });
    return this.#last;
  }

  #fill(): void {
    const now = performance.now();
    this.#tokens = Math.min(BURST, this.#tokens + ((now - (this.#at ?? now)) / 1_000) * RATE);
    this.#at = now;
  }
}
