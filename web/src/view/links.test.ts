import { expect, test } from 'vitest';
import { pieces } from './links';

const links = (text: string): string[] => pieces(text).filter(({ link }) => link).map(({ text }) => text);

test.each([
  ['see https://example.org/a?b=c#d.', ['https://example.org/a?b=c#d']],
  ['(http://example.org/), and https://example.org/x!', ['http://example.org/', 'https://example.org/x']],
  ['https://a.example https://b.example', ['https://a.example', 'https://b.example']],
  ['javascript:alert(1) data:text/html,x file:///etc/passwd', []],
  ['https://', []],
  ['<a href="https://example.org/">', ['https://example.org/']],
])('links in %j', (text, expected) => {
  expect(links(text)).toEqual(expected);
  expect(pieces(text).map((piece) => piece.text).join('')).toBe(text);
});
