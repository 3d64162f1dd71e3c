/** The wire of files, read with care: what the device says on `control` and on the channel of a transfer. */

import { isObject } from '../session/control';

/** Largest binary message of a transfer, bytes. */
export const MAX_CHUNK = 64 * 1024;
/** Transfers resume at multiples of this, bytes. */
export const STEP = 1 << 20;

/** Codes of the device's errors. */
export const CODE = {
  notGranted: -32000,
  tooFast: -32001,
  notFound: -32002,
  exists: -32003,
  noRoom: -32004,
  unavailable: -32005,
  mismatch: -32006,
} as const;

/** What a session gives to transfers. */
export interface Link {
  /** Rejects with `RpcError` where the device answers with an error. */
  request(method: string, params: object, timeout?: number): Promise<unknown>;
  /** A reliable, ordered data channel. */
  open(label: string): RTCDataChannel;
}

export interface Entry {
  name: string;
  folder: boolean;
  /** Bytes; 0 for a folder. */
  size: number;
  /** Milliseconds since the epoch; 0: not known. */
  modifiedMs: number;
  /** Whether the root that it is in can be written at all. */
  writable: boolean;
}

export interface Page {
  entries: Entry[];
  more: boolean;
}

export interface PutReady {
  transfer: string;
  offset: number;
  before: string;
}

export interface GetReady {
  transfer: string;
  size: number;
  offset: number;
  version: string;
}

export type TransferMessage =
  | { type: 'credit'; until: number }
  | { type: 'end'; hash: string }
  | { type: 'done' }
  | { type: 'failed'; code: number; message: string };

/** The device and this page are of different versions, or something is broken: no answer that makes sense came. */
export class Nonsense extends Error {
  constructor() {
    super('The device gave an answer that this page does not understand: load the page again.');
  }
}

export function readPage(value: unknown): Page {
  const entries = isObject(value) && Array.isArray(value.entries) ? value.entries : [];
  return {
    entries: entries.map(readEntry).filter((entry) => entry !== undefined),
    more: isObject(value) && value.more === true,
  };
}

/** Undefined for what has no name, or is of a kind that this page does not know. */
export function readEntry(value: unknown): Entry | undefined {
  if (!isObject(value) || typeof value.name !== 'string' || value.name === '') return undefined;
  if (value.kind !== 'file' && value.kind !== 'folder') return undefined;
  const { name, kind, size, modified_ms: modifiedMs, writable } = value;
  return {
    name,
    folder: kind === 'folder',
    size: isCount(size) ? size : 0,
    modifiedMs: isCount(modifiedMs) ? modifiedMs : 0,
    writable: writable === true,
  };
}

/** Throws `Nonsense`. */
export function readPutReady(value: unknown, size: number): PutReady {
  if (!isObject(value) || !isTransfer(value.transfer) || !isCount(value.offset)) throw new Nonsense();
  const { transfer, offset, before } = value;
  // All of the file may be there: then its size is where to go on, whatever it is.
  if (offset > size || (offset % STEP !== 0 && offset !== size)) throw new Nonsense();
  return { transfer, offset, before: typeof before === 'string' ? before : '' };
}

/** Throws `Nonsense`. */
export function readGetReady(value: unknown): GetReady {
  if (!isObject(value) || !isTransfer(value.transfer) || !isCount(value.size)) throw new Nonsense();
  const { transfer, size, offset, version } = value;
  if (!isCount(offset) || offset > size) throw new Nonsense();
  return { transfer, size, offset, version: typeof version === 'string' ? version : '' };
}

/** Undefined for what is none of a transfer's messages. */
export function readMessage(text: string): TransferMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  switch (value.type) {
    case 'credit':
      return isCount(value.until) ? { type: 'credit', until: value.until } : undefined;
    case 'end':
      return typeof value.hash === 'string' ? { type: 'end', hash: value.hash } : undefined;
    case 'done':
      return { type: 'done' };
    case 'failed':
      return {
        type: 'failed',
        code: isWhole(value.code) ? value.code : CODE.unavailable,
        message: typeof value.message === 'string' ? value.message : '',
      };
    default:
      return undefined;
  }
}

function isTransfer(value: unknown): value is string {
  // Longer would be no label of a data channel (RFC 8832 section 5.1: 65,535 bytes).
  return typeof value === 'string' && value !== '' && value.length <= 256;
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value);
}

/** Bytes or milliseconds: whole, and not below 0. */
function isCount(value: unknown): value is number {
  return isWhole(value) && value >= 0;
}
