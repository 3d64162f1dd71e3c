import { expect, test } from 'vitest';
import { Memory } from './memory';

class Shelf implements Storage {
  readonly #items = new Map<string, string>();
  get length(): number {
    return this.#items.size;
  }
  clear = (): void => this.#items.clear();
  getItem = (name: string): string | null => this.#items.get(name) ?? null;
  key = (index: number): string | null => [...this.#items.keys()][index] ?? null;
  removeItem = (name: string): void => void this.#items.delete(name);
  setItem = (name: string, value: string): void => void this.#items.set(name, value);
}

function browser(): { visit: () => Memory; local: Shelf } {
  const local = new Shelf();
  return { local, visit: () => { const session = new Shelf(); return new Memory(() => session, () => local); } };
}

test('a word lasts for the visit, and longer only when asked to', () => {
  const { visit } = browser();
  const first = visit();
  first.keepWord('garden-otter-violin-cobalt');
  expect(first.word).toBe('garden-otter-violin-cobalt');
  expect(visit().word).toBeUndefined();
  first.rememberWord('garden-otter-violin-cobalt');
  expect(visit().word).toBe('garden-otter-violin-cobalt');
  expect(visit().remembers).toBe(true);
  first.forgetWord();
  expect(first.word).toBeUndefined();
  expect(visit().word).toBeUndefined();
});

test('a device’s key and pass are kept for each place, and only so many', () => {
  const { visit } = browser();
  for (let used = 0; used < 80; used++) visit().keepDevice(`place${used}`, { key: `k${used}`, pass: undefined, used });
  visit().keepDevice('place79', { key: 'k79', pass: 'pass', used: 79 });
  expect(visit().device('place79')).toEqual({ key: 'k79', pass: 'pass', used: 79 });
  expect(visit().device('place16')?.key).toBe('k16');
  expect(visit().device('place15')).toBeUndefined();
  expect(visit().device('constructor')).toBeUndefined();
});

test.each(['', 'x', 'null', '[]', '7', '{"garden":7}', '{"garden":{"key":7,"used":1}}'])(
  'a store that another hand wrote is no device: %s',
  (text) => {
    const { visit, local } = browser();
    local.setItem('watchword.devices', text);
    expect(visit().device('garden')).toBeUndefined();
    visit().keepDevice('garden', { key: 'k', pass: undefined, used: 1 });
    expect(visit().device('garden')?.key).toBe('k');
  },
);

test('the page loads itself anew once for one reason', () => {
  const memory = browser().visit();
  expect([memory.mayReload('a'), memory.mayReload('a'), memory.mayReload('b')]).toEqual([true, false, true]);
});

test('a sound for messages is remembered when it is wished, and forgotten when it is not', () => {
  const { visit } = browser();
  expect(visit().chatSound).toBe(false);
  visit().chatSound = true;
  expect(visit().chatSound).toBe(true);
  visit().chatSound = false;
  expect(visit().chatSound).toBe(false);
});

test('a browser that forbids storage keeps things for the page', () => {
  const forbidden = (): Storage => {
    throw new Error('forbidden');
  };
  const memory = new Memory(forbidden, forbidden);
  memory.keepWord('w');
  memory.keepDevice('garden', { key: 'k', pass: undefined, used: 1 });
  expect([memory.word, memory.device('garden')?.key]).toEqual(['w', 'k']);
  memory.forgetWord();
  expect(memory.word).toBeUndefined();
});
