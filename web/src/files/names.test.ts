import { expect, test } from 'vitest';
import { crumbs, downloadName, join, nameFault, nameOf, shown, snapshotName, typedPath } from './names';

test('a name shows every character that it has', () => {
  expect(shown('photo\u202egpj.exe')).toBe('photo\ufffdgpj.exe');
  expect(shown('a\u200bb\u0007c\u2066')).toBe('a\ufffdb\ufffdc\ufffd');
  expect(shown('日本 😀 été.txt')).toBe('日本 😀 été.txt');
});

test('a path is joined and taken apart', () => {
  expect(join('', 'files')).toBe('files');
  expect(join('files/a', 'b')).toBe('files/a/b');
  expect([nameOf('files/a/b'), nameOf('b')]).toEqual(['b', 'b']);
  expect(crumbs('files/a')).toEqual([{ name: 'files', path: 'files' }, { name: 'a', path: 'files/a' }]);
  expect(crumbs('')).toEqual([]);
});

test.each([
  ['a.txt', 'a.txt'],
  ['../../etc/passwd', '__.._etc_passwd'],
  ['.bashrc', '_bashrc'],
  ['a:b*c?"<>|\\d', 'a_b_c______d'],
  ['\u202egpj.exe', '_gpj.exe'],
  ['  ', 'file'],
  ['', 'file'],
])('%j is saved as %j', (name, saved) => expect(downloadName(name)).toBe(saved));

test('what a person writes as a path begins at a root, or in the folder that is looked at', () => {
  const typed = (text: string): string => typedPath(text, ['files', 'usb'], 'files/a');
  expect(typed('b.txt')).toBe('files/a/b.txt');
  expect(typed('usb/b.txt')).toBe('usb/b.txt');
  expect(typed('/files/b.txt')).toBe('files/b.txt');
  expect(typed(' "two words.txt" ')).toBe('files/a/two words.txt');
  expect(typed('c/d/')).toBe('files/a/c/d');
});

test('a name that is none is refused with a sentence', () => {
  expect(nameFault('')).toMatch(/Type a name/);
  expect(nameFault('a/b')).toMatch(/cannot have/);
  expect(nameFault('..')).toBeUndefined();
});

test('a picture is named after its time', () => {
  expect(snapshotName(new Date(2026, 3, 3, 7, 5, 9))).toBe('snapshot-2026-04-03-07-05-09.jpg');
});
