import { expect, test } from 'vitest';
import { carryOut, isOfPage, type PageCommands } from './page-commands';

const commands: PageCommands = {
  put: () => 'put',
  get: (path) => (path === 'gone' ? Promise.reject(new Error('There is no file of this name.')) : Promise.resolve(`get ${path}`)),
  snapshot: () => 'snapshot',
};

test.each([
  ['/put', 'put'],
  ['/put  ', 'put'],
  ['/get a b.txt', 'get a b.txt'],
  ['/get', 'Which file? /get PATH'],
  ['/get gone', 'There is no file of this name.'],
  ['/snapshot', 'snapshot'],
])('%j is carried out here', async (line, answer) => {
  expect(isOfPage(line)).toBe(true);
  expect(await carryOut(line, commands)).toBe(answer);
});

test.each(['/help', '/getting', '/run put', 'put', '//put', '/', '/ls files'])('%j is the device’s', async (line) => {
  expect(isOfPage(line)).toBe(false);
  expect(await carryOut(line, commands)).toBeUndefined();
});
