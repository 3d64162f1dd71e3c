/** Where a download's bytes are put, in the worker. */

import type { Place } from './disk-wire';
import { FOLDER } from './own-folder';

/** One that failed is aborted: nothing half remains. */
export interface Sink {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** The whole, where it is not where a person wanted it already. */
  finish(): Promise<Blob | undefined>;
  abort(): Promise<void>;
}

/** Pieces in memory are joined into one `Blob` of this size, which a browser may keep on its disk. */
const JOIN = 8 << 20;

/** Rejects where the browser does not let this page write there. */
export async function openSink(place: Place): Promise<Sink> {
  switch (place.to) {
    case 'file':
      return await chosenFile(place.handle);
    case 'own':
      return await ownFile(place.name);
    case 'stream':
      return stream(place.port);
    case 'memory':
      return memory();
  }
}

/** The browser writes beside the file, and puts it in its place when it is closed. */
async function chosenFile(handle: FileSystemFileHandle): Promise<Sink> {
  const writable = await handle.createWritable();
  return {
    write: (bytes) => writable.write(bytes),
    finish: async () => {
      await writable.close();
      return undefined;
    },
    abort: () => writable.abort(),
  };
}

async function ownFile(name: string): Promise<Sink> {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
  const handle = await folder.getFileHandle(name, { create: true });
  const access = await handle.createSyncAccessHandle();
  let at = 0;
  return {
    write: (bytes) => {
      for (let done = 0; done < bytes.length; ) {
        const written = access.write(bytes.subarray(done), { at });
        if (written === 0) return Promise.reject(new Error('There is no room for it on this computer.'));
        done += written;
        at += written;
      }
      return Promise.resolve();
    },
    finish: async () => {
      access.flush();
      access.close();
      return await handle.getFile();
    },
    abort: async () => {
      access.close();
      await folder.removeEntry(name);
    },
  };
}

/** The other end asks for each piece, so that no more than one waits there. */
function stream(port: MessagePort): Sink {
  let [wanted, ended] = [0, false];
  let wake: (() => void) | undefined;
  port.onmessage = (event: MessageEvent<unknown>) => {
    if (event.data === 'more') wanted++;
    else ended = true;
    wake?.();
  };
  const asked = async (): Promise<void> => {
    while (wanted === 0 && !ended) await new Promise<void>((resolve) => (wake = resolve));
    if (ended) throw new Error('The browser ended this download.');
    wanted--;
  };
  return {
    write: async (bytes) => {
      await asked();
      port.postMessage(bytes, [bytes.buffer]);
    },
    finish: async () => {
      await asked();
      port.postMessage('end');
      return undefined;
    },
    abort: () => {
      port.postMessage('abort');
      return Promise.resolve();
    },
  };
}

function memory(): Sink {
  let blobs: Blob[] = [];
  let pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const join = (): void => {
    blobs.push(new Blob(pieces));
    [pieces, size] = [[], 0];
  };
  return {
    write: (bytes) => {
      pieces.push(bytes);
      size += bytes.length;
      if (size >= JOIN) join();
      return Promise.resolve();
    },
    finish: () => {
      join();
      // No type that a browser would show.
      return Promise.resolve(new Blob(blobs, { type: 'application/octet-stream' }));
    },
    abort: () => {
      [blobs, pieces] = [[], []];
      return Promise.resolve();
    },
  };
}
