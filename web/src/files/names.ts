/** Names and paths: joined, shown, and given to downloads. */

/** Characters that turn the direction of text (UAX 9, section 2), or are not seen at all: names would look like others. */
// eslint-disable-next-line no-control-regex -- these are what is looked for.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** A name as it may be shown: every character that it has is seen. */
export function shown(name: string): string {
  return name.replace(UNSEEN, '\ufffd');
}

/** The path of `name` in `folder`; the empty folder is the list of roots. */
export function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** The last name of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The folders above and this one, outermost first. */
export function crumbs(path: string): { name: string; path: string }[] {
  if (path === '') return [];
  const names = path.split('/');
  return names.map((name, n) => ({ name, path: names.slice(0, n + 1).join('/') }));
}

/** Names that no folder and no file may get here, with a sentence for a person; undefined: the device will say. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'Type a name.';
  if (name.includes('/')) return 'A name cannot have “/” in it.';
  return undefined;
}

/** A name for a download: whatever the system that it comes to makes of separators and of characters of its own. */
export function downloadName(name: string): string {
  const plain = shown(name).replaceAll('\ufffd', '_').replace(/[\\/:*?"<>|]/g, '_').replace(/^\.+/, '_').trim();
  return plain === '' ? 'file' : plain;
}

/** `snapshot-2026-04-03-17-05-09.jpg`, by this browser's clock. */
export function snapshotName(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())];
  return `snapshot-${[...day, two(now.getHours()), two(now.getMinutes()), two(now.getSeconds())].join('-')}.jpg`;
}

/** What a person wrote as a path: with or without a root, in quotation marks or not. */
export function typedPath(text: string, roots: readonly string[], folder: string): string {
  const plain = /^(["'])(.*)\1$/.exec(text.trim())?.[2] ?? text.trim();
  const path = plain.replace(/^\/+|\/+$/g, '');
  return roots.includes(path.split('/', 1)[0] ?? '') || plain.startsWith('/') ? path : join(folder, path);
}
