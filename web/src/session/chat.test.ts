import { expect, test } from 'vitest';
import { vectors } from '../vectors';
import { Chat } from './chat';

const control = vectors.messages.control as { method?: string; params?: unknown; result?: Record<string, unknown> }[];

function line(id: number, own = false, timeMs = id): Record<string, unknown> {
  return { id, from: 'Ada', own, text: `line ${id}`, time_ms: timeMs };
}

test('the history of a newcomer comes before what it hears, and nothing is there twice', () => {
  const chat = new Chat();
  chat.message(line(3, true));
  chat.history({ messages: [line(1), line(2), line(3)], more: false });
  expect(chat.lines.map(({ id, own }) => [id, own])).toEqual([[1, false], [2, false], [3, true]]);
  expect(chat.heard).toBe(1);
  // The device was started anew and counts from 1 again.
  chat.message(line(1, false, 10));
  expect(chat.lines.map(({ timeMs }) => timeMs)).toEqual([1, 2, 3, 10]);
});

test('a command line and its answer stand in the order in which they came, whatever the clocks say', () => {
  const chat = new Chat();
  chat.message(line(1, false, Date.now() + 60_000));
  chat.typed('/who');
  for (const n of [1, 2]) chat.message({ id: 0, from: 'workshop', reply: true, text: 'Ada', time_ms: 5 + n });
  expect(chat.lines.map(({ text, own }) => [text, own])).toEqual([['line 1', false], ['/who', true], ['Ada', false], ['Ada', false]]);
});

test('who comes, goes and changes its name', () => {
  const chat = new Chat();
  const info = control.find(({ result }) => result?.members !== undefined)?.result;
  chat.room(info);
  expect([chat.you, chat.members.map(({ name }) => name)]).toEqual([2, ['Ada']]);
  const change = (event: string, id: number, name: string): void => chat.changed({ event, member: { id, name, since_ms: 1 } });
  change('joined', 5, 'Ben');
  change('joined', 5, 'Ben');
  change('renamed', 2, 'Eva');
  expect(chat.members.map(({ name }) => name)).toEqual(['Eva', 'Ben']);
  change('left', 2, 'Eva');
  expect(chat.members.map(({ id }) => id)).toEqual([5]);
  chat.end();
  expect(chat.members).toEqual([]);
});

test.each([undefined, null, 7, [], {}, { messages: 7, members: 'x', member: null }, { messages: [null, 7, { text: 1 }] }])(
  'what is something else changes nothing: %j',
  (value) => {
    const chat = new Chat();
    chat.message(value);
    chat.history(value);
    chat.room(value);
    chat.changed(value);
    expect([chat.lines, chat.members, chat.heard]).toEqual([[], [], 0]);
  },
);
