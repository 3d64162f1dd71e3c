/** The picture of `vivid`, the kernel's virtual camera: eight bars of colour, with the running time written over them. */

import type { Viewer } from '../browser/src/viewer';

/** Left to right, 75 % of full brightness; the writing is at the top. */
export const BARS = 'white yellow cyan green magenta red blue black';

/** What is on the screen: the names of the colours along its lower part, and a sum that differs where any pixel does. */
export async function shown(viewer: Viewer): Promise<{ bars: string; sum: number }> {
  const { colours, sum } = await viewer.page.locator('video').first().evaluate(look, BARS.split(' ').length);
  return { bars: colours.map(nameOf).join(' '), sum };
}

/** Runs in the page, so it uses nothing from outside. No picture yet: no colours. */
function look(video: SVGElement | HTMLElement, columns: number): { colours: [number, number, number][]; sum: number } {
  if (!(video instanceof HTMLVideoElement) || video.videoWidth === 0) return { colours: [], sum: 0 };
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('this browser draws no pictures');
  context.drawImage(video, 0, 0);
  const sum = context
    .getImageData(0, 0, canvas.width, canvas.height)
    .data.reduce((sum, part) => (Math.imul(sum, 31) + part) | 0, 0);
  const colours = Array.from({ length: columns }, (_, column): [number, number, number] => {
    const [x, y] = [((column + 0.5) / columns) * canvas.width, canvas.height * 0.8];
    const [red = 0, green = 0, blue = 0] = context.getImageData(x, y, 1, 1).data;
    return [red, green, blue];
  });
  return { colours, sum };
}

/** By which of red, green and blue are in it: the way through encoder and decoder bends each a little. */
function nameOf(colour: [number, number, number]): string {
  const names = ['black', 'blue', 'green', 'cyan', 'red', 'magenta', 'yellow', 'white'];
  return names[colour.reduce((number, part) => number * 2 + (part > 96 ? 1 : 0), 0)] ?? '';
}
