/** What the page and the worker of files say to each other. */

/** Where the bytes of a download go. */
export type Place =
  /** A file that a person chose. */
  | { to: 'file'; handle: FileSystemFileHandle }
  /** A file of this origin's own, `name` in the folder of downloads. */
  | { to: 'own'; name: string }
  /** The browser's download, fed by the service worker at the other end of the port. */
  | { to: 'stream'; port: MessagePort }
  | { to: 'memory' };

/** `id` names a file that is read or written; what is asked of one is done in order. */
export type Ask =
  | { op: 'read-from'; id: number; file: File }
  | { op: 'tail'; id: number; offset: number }
  | { op: 'read'; id: number; from: number }
  | { op: 'hash'; id: number }
  | { op: 'write-to'; id: number; place: Place }
  | { op: 'write'; id: number; bytes: ArrayBuffer }
  | { op: 'digest'; id: number }
  | { op: 'finish'; id: number }
  | { op: 'forget'; id: number };

export interface Answers {
  'read-from': undefined;
  /** BLAKE3 of the step before the offset, hexadecimal. */
  tail: string;
  /** At most a step, to the next multiple of one. */
  read: ArrayBuffer;
  /** BLAKE3 of the whole file, hexadecimal. */
  hash: string;
  'write-to': undefined;
  write: undefined;
  /** BLAKE3 of all that was written, hexadecimal. */
  digest: string;
  /** The whole, where it was not put where a person wanted it already. */
  finish: Blob | undefined;
  forget: undefined;
}

export type ToDisk = Ask & { call: number };
export type FromDisk = { call: number } & ({ result: unknown } | { error: string });
