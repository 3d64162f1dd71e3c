/** What the queue of transfers carries out, without knowing which way it goes. */

import type { Event } from './state';
import type { Link } from './wire';

export interface Job {
  readonly direction: 'up' | 'down';
  /** As the device, or the folder that it came from, says it. */
  readonly name: string;
  /** On the device; empty for a snapshot. */
  readonly path: string;
  /** Bytes; undefined until the device has said. */
  readonly size: number | undefined;
  /** Bytes that have gone, from the beginning of the file. */
  readonly moved: number;
  /** Bytes are going now. */
  readonly flowing: boolean;
  /** A sentence beside the progress, or nothing. */
  readonly note: string;
  /** One attempt. `fresh`: from the beginning, whatever there is. Rejects with what `judge` knows. */
  run(link: Link, fresh: boolean): Promise<void>;
  /** Ends the attempt; what went is kept for the next. */
  stop(): void;
  /** What an attempt that came to nothing leads to. `tries`: attempts before it that moved nothing. */
  judge(error: unknown, tries: number): Event;
  /** Gives it up for good, at both ends. `link`: where there is a session; `running`: in the midst of an attempt. */
  drop(link: Link | undefined, running: boolean): void;
}
