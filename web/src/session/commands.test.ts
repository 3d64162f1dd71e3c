import { expect, test } from 'vitest';
import { Commands } from './commands';
import type { Control } from './control';

const LAMP = { name: 'lamp', label: 'Lamp', description: '', args: [{ name: 'state', choices: ['on', 'off'] }] };

/** A channel that answers every request so. */
function answering(result: unknown, asked: unknown[] = []): Control {
  return { request: (method: string, params: object) => Promise.resolve((asked.push([method, params]), result)) } as unknown as Control;
}

test('a list is read with care', () => {
  const commands = new Commands();
  commands.list({ commands: [{ ...LAMP, more: 1 }, { name: 'door' }, null, { name: 7 }, { name: 'x', args: [null, { name: 1 }, { name: 'y', choices: [1, 'z'] }] }] });
  expect(commands.known).toEqual([
    LAMP,
    { name: 'door', label: 'door', description: '', args: [] },
    { name: 'x', label: 'x', description: '', args: [{ name: 'y', choices: ['z'] }] },
  ]);
  for (const value of [undefined, null, 7, {}, { commands: 'x' }]) commands.list(value);
  expect(commands.known).toEqual([]);
});

test('a run is shown from its first word, also when that comes before the answer, to its end', async () => {
  const commands = new Commands();
  const asked: unknown[] = [];
  commands.begin(answering({ run: 4 }, asked));
  commands.output({ run: 4, stream: 'stdout', text: 'on' });
  await commands.run(LAMP, { state: 'on' });
  expect(asked).toEqual([['command.run', { name: 'lamp', args: { state: 'on' } }]]);
  commands.output({ run: 4, stream: 'stderr', text: '!' });
  commands.exited({ run: 4, exit: 'code', code: 3, dropped: 10 });
  expect(commands.runs).toEqual([
    {
      id: 4, label: 'Lamp', failed: true, end: 'Failed with status 3. 10 bytes of output were left out.',
      output: [{ error: false, text: 'on' }, { error: true, text: '!' }],
    },
  ]);
});

test.each([
  [{ exit: 'code', code: 0 }, 'Done.', false],
  [{ exit: 'signal', signal: 9 }, 'Ended by signal 9.', true],
  [{ exit: 'timed-out' }, 'It took too long and was ended.', true],
  [{ exit: 'stopped' }, 'Stopped.', true],
  [{ exit: 'brand-new' }, 'Ended.', true],
])('an end is a sentence: %j', (exit, sentence, failed) => {
  const commands = new Commands();
  commands.exited({ run: 1, ...exit });
  expect(commands.runs[0]).toMatchObject({ end: sentence, failed });
});

test('what is kept is bounded, and a broken session leaves nothing running', async () => {
  const commands = new Commands();
  for (let n = 0; n < 100; n++) commands.output({ run: 1, stream: 'stdout', text: 'x'.repeat(4_096) });
  expect(commands.runs[0]?.output.length).toBe(16);
  for (let run = 2; run < 40; run++) commands.output({ run, stream: 'stdout', text: 'x' });
  expect(commands.runs.length).toBe(20);
  commands.end();
  expect(commands.runs.every(({ end }) => end === 'The connection ended.')).toBe(true);
  await expect(commands.run(LAMP, {})).rejects.toThrow(/no connection/);
  for (const value of [undefined, null, 7, {}, { run: 'x' }]) {
    commands.output(value);
    commands.exited(value);
  }
});
