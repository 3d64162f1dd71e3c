/** Finds a place for a download: on the disk wherever the browser has a way to it. Nothing is opened in this origin. */

import type { Disk, Target } from './disk';
import type { Place } from './disk-wire';
import { downloadName } from './names';
import { offerStream } from './offer-stream';
import { FOLDER } from './own-folder';
import { size as sizeOf } from './units';

/** Files up to this size are fetched whole and then given to the browser: the simplest way, and without a question. */
export const SMALL = 4 << 20;
/** Largest download where there is no place but memory. */
export const MAX_IN_MEMORY = 256 << 20;

/** The browser takes a download out of the origin's own files within this time, milliseconds. */
const KEEP_OWN = 3_600_000;

/** A person chose no file after all. */
export class Declined extends Error {}

/** There is no place for it; the sentence says what can be done. */
export class TooLarge extends Error {
  constructor() {
    super(
      `This browser gives the page no place on its disk, so it fetches files of at most ${sizeOf(MAX_IN_MEMORY)}. ` +
        'Use Chrome or Edge, or “watchword get” on the command line.',
    );
  }
}

/**
 * Asks for a file to write to, where the browser can do that; to be called while a click is being handled. `size`: bytes,
 * where they are known. Undefined: there is another place, or none. Rejects with `Declined`.
 */
export async function chooseFile(name: string, size: number | undefined): Promise<FileSystemFileHandle | undefined> {
  if (!window.showSaveFilePicker || (size !== undefined && size <= SMALL)) return undefined;
  try {
    return await window.showSaveFilePicker({ suggestedName: downloadName(name) });
  } catch (error) {
    // The person closed the dialogue. Everything else (it was no click, it is forbidden here) has another way.
    if (error instanceof DOMException && error.name === 'AbortError') throw new Declined();
    return undefined;
  }
}

export interface Opened {
  target: Target;
  /** Makes it last, once the whole is there. */
  finish(): Promise<void>;
  /** To be called when it is over, however it ended. */
  close(): void;
  /** In memory, because there is no other place. */
  inMemory: boolean;
}

/** Opens the first place that can be had. Rejects with `TooLarge`, or with what the chosen file says. */
export async function openPlace(
  disk: Disk, id: number, name: string, size: number, chosen: FileSystemFileHandle | undefined,
): Promise<Opened> {
  const opened = async (place: Place): Promise<Opened> => ({
    target: await disk.writeTo(id, place),
    finish: async () => {
      const whole = await disk.finish(id);
      if (whole) save(whole, name);
    },
    close: () => undefined,
    inMemory: place.to === 'memory',
  });
  if (chosen) return await opened({ to: 'file', handle: chosen });
  if (size > SMALL) {
    const stream = await offerStream(downloadName(name), size);
    if (stream) {
      const place = await opened({ to: 'stream', port: stream.port });
      stream.begin();
      return { ...place, close: () => stream.end() };
    }
    if (await hasRoom(size)) {
      await sweep(Date.now());
      // Its own name, so that two downloads never meet; it is removed once the browser has had time to take it.
      const own = await opened({ to: 'own', name: crypto.randomUUID() }).catch(() => undefined);
      if (own) return own;
    }
    if (size > MAX_IN_MEMORY) throw new TooLarge();
  }
  return { ...(await opened({ to: 'memory' })), inMemory: size > SMALL };
}

/** Gives a whole to the browser as a download. */
export function save(whole: Blob, name: string): void {
  const address = URL.createObjectURL(whole);
  const link = document.createElement('a');
  link.href = address;
  link.download = downloadName(name);
  link.click();
  // The browser has taken it long before, but says nothing of it.
  setTimeout(() => URL.revokeObjectURL(address), 600_000);
}

/** Files of this origin's own that downloads left behind; `now`: milliseconds since the epoch. */
export async function sweep(now: number): Promise<void> {
  try {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER);
    for await (const [name, handle] of folder.entries()) {
      if (handle.kind !== 'file') continue;
      const { lastModified } = await handle.getFile();
      // One that is in use stays: it is removed later.
      if (now - lastModified > KEEP_OWN) await folder.removeEntry(name).catch(() => undefined);
    }
  } catch {
    // There is none.
  }
}

async function hasRoom(size: number): Promise<boolean> {
  try {
    await navigator.storage.getDirectory();
    const { quota = 0, usage = 0 } = await navigator.storage.estimate();
    return quota - usage > size;
  } catch {
    return false;
  }
}
