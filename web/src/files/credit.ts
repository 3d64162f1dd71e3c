/** How far a transfer may go: the receiver says it, the sender keeps to it. */

/** The sender's side. */
export class Credit {
  #until: number;
  #waiting: (() => void) | undefined;

  constructor(from: number) {
    this.#until = from;
  }

  /** Credit never shrinks: an older message changes nothing. */
  give(until: number): void {
    if (until <= this.#until) return;
    this.#until = until;
    const wake = this.#waiting;
    this.#waiting = undefined;
    wake?.();
  }

  /** Bytes that may be sent from `at` on, at most `wanted`; waits until there is one. One caller at a time. */
  async take(at: number, wanted: number): Promise<number> {
    while (this.#until <= at) await new Promise<void>((resolve) => (this.#waiting = resolve));
    return Math.min(wanted, this.#until - at);
  }
}

/** Bytes that a receiver takes ahead of what it has put away. */
export const WINDOW = 4 << 20;
/** New credit is said when it has grown by so much, or reaches the end. */
const WORTH_SAYING = 512 << 10;

/** The receiver's side. */
export class Window {
  readonly #size: number;
  #said: number;
  #came: number;
  #away: number;

  /** A file of `size` bytes, of which `from` are here. */
  constructor(size: number, from: number) {
    this.#size = size;
    this.#said = from;
    this.#came = from;
    this.#away = from;
  }

  /** Position of what comes next. */
  get came(): number {
    return this.#came;
  }

  /** Bytes came; false when they are more than was allowed or than there are. */
  took(count: number): boolean {
    this.#came += count;
    return this.#came <= this.#said;
  }

  /** Bytes are on the disk, and no longer in memory. */
  putAway(count: number): void {
    this.#away += count;
  }

  /** The credit to say now, if any. */
  next(): number | undefined {
    const until = Math.min(this.#size, this.#away + WINDOW);
    if (until === this.#said || (until < this.#size && until - this.#said < WORTH_SAYING)) return undefined;
    this.#said = until;
    return until;
  }
}
