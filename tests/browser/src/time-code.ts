/** Reads the time that a test picture carries; its layout is told in daemon/media/src/picture/timecode.rs. */

/**
 * The time of the picture that `video` shows now, milliseconds since the epoch; nothing where there is none.
 * Runs in the page, so it uses nothing from outside.
 */
export function readTimeCode(video: Element): number | undefined {
  if (!(video instanceof HTMLVideoElement) || video.videoWidth === 0) return undefined;
  const canvas = new OffscreenCanvas(32, 2);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return undefined;
  // Without smoothing each pixel of the small canvas is the one in the middle of its cell.
  context.imageSmoothingEnabled = false;
  context.drawImage(video, 0, 0, video.videoWidth, video.videoHeight / 12, 0, 0, 32, 2);
  const { data } = context.getImageData(0, 0, 32, 2);
  let time = 0;
  for (const row of [0, 1]) {
    const green = Array.from({ length: 32 }, (_, cell) => data[(row * 32 + cell) * 4 + 1] ?? 0);
    const [white = 0, black = 0] = green;
    if (white < black + 64) return undefined;
    const bits = green.slice(2).map((value) => (value > (white + black) / 2 ? 1 : 0));
    const number = (from: number, to: number): number => bits.slice(from, to).reduce<number>((sum, bit) => sum * 2 + bit, 0);
    const groups = number(0, 6) + number(6, 12) + number(12, 18) + number(18, 24);
    if ((groups + 21 + 11 * row) % 64 !== number(24, 30)) return undefined;
    time = time * 2 ** 24 + number(0, 24);
  }
  return time;
}
