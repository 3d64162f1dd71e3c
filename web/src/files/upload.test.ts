import { blake3 } from 'hash-wasm';
import { expect, test } from 'vitest';
import { RpcError } from '../session/control';
import { HashedFile } from './hasher';
import { judge, Upload } from './upload';
import { CODE, MAX_CHUNK, STEP, type Link } from './wire';
import { Broken } from './wire-channel';

const bytes = new Uint8Array(2 * STEP + 500).map((_, n) => (n * 7 + (n >> 11)) % 253);
const hash = await blake3(bytes);
const WISH = { path: 'files/a', size: bytes.length, modifiedMs: 5, overwrite: false, resume: true };

/** The device's end of a transfer's channel, as far as a sender sees it. */
class Device {
  /** What `files.put` was called with. */
  readonly puts: { resume: boolean }[] = [];
  readonly got: Uint8Array[] = [];
  /** What is answered to the hash; `done` after the last of these. */
  readonly verdicts: object[] = [];
  readonly said: { type: string; hash?: string }[] = [];
  readonly answers: { offset: number; before?: string }[];
  channel: RTCDataChannel | undefined;
  #count = 0;
  #offset = 0;

  constructor(...answers: { offset: number; before?: string }[]) {
    this.answers = answers;
  }

  readonly link: Link = {
    request: (_method, params) => {
      this.puts.push(params as { resume: boolean });
      const answer = this.answers.shift();
      this.#offset = answer?.offset ?? 0;
      return Promise.resolve({ transfer: `t${++this.#count}`, ...answer });
    },
    open: () => {
      const channel = { readyState: 'open', bufferedAmount: 0, send: (data: unknown) => this.#hear(data), close: () => undefined };
      this.channel = channel as unknown as RTCDataChannel;
      setTimeout(() => {
        this.channel?.onopen?.({} as Event);
        this.say({ type: 'credit', until: this.#offset + 100_000 });
      });
      return this.channel;
    },
  };

  say(message: object): void {
    this.channel?.onmessage?.({ data: JSON.stringify(message) } as MessageEvent);
  }

  get total(): number {
    return this.got.reduce((sum, { length }) => sum + length, 0);
  }

  #hear(data: unknown): void {
    if (typeof data === 'string') {
      const message = JSON.parse(data) as { type: string };
      this.said.push(message);
      if (message.type === 'failed') this.say(message);
      if (message.type === 'end') this.say(this.verdicts.shift() ?? { type: 'done' });
    } else {
      this.got.push((data as Uint8Array).slice());
      setTimeout(() => this.say({ type: 'credit', until: 4 * STEP }));
    }
  }
}

test('sends a file under credit, in messages that are not too large, and its hash at the end', async () => {
  const device = new Device({ offset: 0, before: '' });
  const upload = new Upload(device.link, WISH, new HashedFile(new Blob([bytes])));
  await upload.run();
  expect(device.puts).toEqual([{ path: 'files/a', size: bytes.length, modified_ms: 5, overwrite: false, resume: true }]);
  expect(Buffer.compare(Buffer.concat(device.got), bytes)).toBe(0);
  expect(Math.max(...device.got.map(({ length }) => length))).toBe(MAX_CHUNK);
  expect(device.got.slice(0, 2).map(({ length }) => length), 'no further than the credit').toEqual([65_536, 34_464]);
  expect(device.said).toEqual([{ type: 'end', hash }]);
  expect(upload.moved).toBe(bytes.length);
});

test('goes on where the device is, when what is there is its own', async () => {
  const device = new Device({ offset: STEP, before: await blake3(bytes.slice(0, STEP)) });
  await new Upload(device.link, WISH, new HashedFile(new Blob([bytes]))).run();
  expect(Buffer.compare(Buffer.concat(device.got), bytes.subarray(STEP))).toBe(0);
  expect(device.said).toEqual([{ type: 'end', hash }]);
});

test('begins anew when the device has the beginning of something else, which is given up', async () => {
  const device = new Device({ offset: STEP, before: 'ab'.repeat(32) }, { offset: 0 });
  await new Upload(device.link, WISH, new HashedFile(new Blob([bytes]))).run();
  expect(device.puts.map(({ resume }) => resume)).toEqual([true, false]);
  expect(device.said.map(({ type }) => type)).toEqual(['failed', 'end']);
  expect(device.total).toBe(bytes.length);
});

test('what is there whole is proved by its hash alone', async () => {
  const device = new Device({ offset: bytes.length, before: '' });
  await new Upload(device.link, WISH, new HashedFile(new Blob([bytes]))).run();
  expect([device.total, device.said]).toEqual([0, [{ type: 'end', hash }]]);
});

test('what the device had was not what it seemed: it is sent from its beginning, once', async () => {
  const failed = { type: 'failed', code: CODE.mismatch, message: 'not what was announced' };
  const device = new Device({ offset: STEP, before: await blake3(bytes.slice(0, STEP)) }, { offset: 0 });
  device.verdicts.push(failed);
  await new Upload(device.link, WISH, new HashedFile(new Blob([bytes]))).run();
  expect(device.puts.map(({ resume }) => resume)).toEqual([true, false]);
  const wrong = new Device({ offset: 0 }, { offset: 0 });
  wrong.verdicts.push(failed, failed);
  await expect(new Upload(wrong.link, WISH, new HashedFile(new Blob([bytes]))).run()).rejects.toThrow('not what was announced');
});

test('an empty file is its hash', async () => {
  const device = new Device({ offset: 0 });
  await new Upload(device.link, { ...WISH, size: 0 }, new HashedFile(new Blob([]))).run();
  expect([device.total, device.said]).toEqual([0, [{ type: 'end', hash: await blake3('') }]]);
});

test('the device’s refusal in the midst is its own sentence; a channel that closes is a break', async () => {
  const full = new Device({ offset: 0 });
  const upload = new Upload(full.link, WISH, new HashedFile(new Blob([bytes])));
  setTimeout(() => full.say({ type: 'failed', code: CODE.noRoom, message: 'The disk is full.' }), 1);
  await expect(upload.run()).rejects.toThrow('The disk is full.');
  const gone = new Device({ offset: 0 });
  const other = new Upload(gone.link, WISH, new HashedFile(new Blob([bytes])));
  const running = other.run();
  setTimeout(() => void gone.channel?.onclose?.({} as Event), 1);
  await expect(running).rejects.toThrow(Broken);
});

test.each<[Error, boolean, string]>([
  [new Broken(), false, 'again'],
  [new RpcError(CODE.tooFast, ''), false, 'again'],
  [new RpcError(CODE.unavailable, 'is being sent already'), true, 'again'],
  [new RpcError(CODE.unavailable, 'can only be read'), false, 'never'],
  [new RpcError(CODE.exists, ''), false, 'exists'],
  [new RpcError(CODE.mismatch, ''), true, 'from-the-beginning'],
  [new RpcError(CODE.noRoom, ''), true, 'never'],
  [new Error('The file is shorter now.'), true, 'never'],
])('%s after a break (%s): %s', (error, resumed, verdict) => expect(judge(error, resumed)).toBe(verdict));
