/** Sizes, speeds and times as people read them. */

const SIZES = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** `0 bytes`, `1 byte`, `999 bytes`, `1.5 kB`, `23 MB`: in thousands, as disks are sold. */
export function size(bytes: number): string {
  if (bytes === 1) return '1 byte';
  let [value, unit] = [bytes, 0];
  // What would be rounded to 1000 is 1 of the next.
  while (value >= 999.5 && unit < SIZES.length - 1) [value, unit] = [value / 1_000, unit + 1];
  return `${unit === 0 ? value : value.toFixed(value < 9.95 ? 1 : 0)} ${SIZES[unit]}`;
}

export function speed(bytesPerSecond: number): string {
  return `${size(Math.round(bytesPerSecond))}/s`;
}

/** `8 s left`, `3 min left`, `2 h 5 min left`. */
export function timeLeft(seconds: number): string {
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s left`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min left`;
  if (minutes > 6_000) return 'days left';
  const rest = minutes % 60;
  return rest === 0 ? `${minutes / 60} h left` : `${Math.floor(minutes / 60)} h ${rest} min left`;
}

const TODAY = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });

/** The hour of what is from today, the day of the rest. */
export function date(ms: number, now: number): string {
  if (ms === 0) return '';
  const same = new Date(ms).toDateString() === new Date(now).toDateString();
  return (same ? TODAY : DAY).format(ms);
}
