/** The worker of files: it reads, hashes and writes, so that the page stays fluid. */

import type { Ask, FromDisk, ToDisk } from './disk-wire';
import { HashedFile, newHasher, type Hasher } from './hasher';
import { openSink, type Sink } from './sink';

interface Written {
  sink: Sink;
  hasher: Hasher;
}

const read = new Map<number, HashedFile>();
const written = new Map<number, Written>();
/** What is asked of one file waits for what was asked of it before. */
const queues = new Map<number, Promise<unknown>>();

self.onmessage = ({ data: ask }: MessageEvent<ToDisk>): void => {
  // A file that is given up waits for nothing.
  const before = ask.op === 'forget' ? Promise.resolve() : (queues.get(ask.id) ?? Promise.resolve());
  const answer = before.then(() => carryOut(ask));
  queues.set(ask.id, answer.catch(() => undefined));
  answer.then(
    (result) => say({ call: ask.call, result }, result instanceof ArrayBuffer ? [result] : []),
    (error: unknown) => say({ call: ask.call, error: error instanceof Error ? error.message : String(error) }, []),
  );
};

async function carryOut(ask: Ask): Promise<unknown> {
  switch (ask.op) {
    case 'read-from':
      return void read.set(ask.id, new HashedFile(ask.file));
    case 'tail':
      return await file(ask.id).tail(ask.offset);
    case 'read':
      return await file(ask.id).read(ask.from);
    case 'hash':
      return await file(ask.id).hash();
    case 'write-to':
      return void written.set(ask.id, { sink: await openSink(ask.place), hasher: await newHasher() });
    case 'write': {
      const bytes = new Uint8Array(ask.bytes);
      target(ask.id).hasher.update(bytes);
      await target(ask.id).sink.write(bytes);
      return;
    }
    case 'digest':
      return target(ask.id).hasher.digest();
    case 'finish': {
      const { sink } = target(ask.id);
      const whole = await sink.finish();
      written.delete(ask.id);
      return whole;
    }
    case 'forget':
      await forget(ask.id);
  }
}

async function forget(id: number): Promise<void> {
  read.get(id)?.forget();
  read.delete(id);
  queues.delete(id);
  const sink = written.get(id)?.sink;
  written.delete(id);
  await sink?.abort();
}

function file(id: number): HashedFile {
  const found = read.get(id);
  if (!found) throw new Error('This transfer was given up.');
  return found;
}

function target(id: number): Written {
  const found = written.get(id);
  if (!found) throw new Error('This transfer was given up.');
  return found;
}

function say(message: FromDisk, transfer: Transferable[]): void {
  self.postMessage(message, { transfer });
}
