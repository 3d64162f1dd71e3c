/** What a process uses, from /proc. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { sleep } from './child';

/** Clock ticks a second in /proc/PID/stat; Linux tells user space 100 whatever the kernel's own rate is. */
const TICKS = 100;

export interface Use {
  /** Resident memory, bytes. */
  rss: number;
  threads: number;
  descriptors: number;
  sockets: number;
}

export function use(pid: number): Use {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => link(`/proc/${pid}/fd/${fd}`));
  return {
    rss: field(status, 'VmRSS') * 1024,
    threads: field(status, 'Threads'),
    descriptors: links.length,
    sockets: links.filter((target) => target.startsWith('socket:')).length,
  };
}

/** Names of its threads, sorted. */
export function threadNames(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`)
    .map((tid) => readFileSync(`/proc/${pid}/task/${tid}/comm`, 'utf8').trim())
    .sort();
}

/** CPU seconds that it has used so far, its threads included. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces; utime and stime are fields 14 and 15 of the whole.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Cores that it uses on average over `during` milliseconds. */
export async function cores(pid: number, during: number): Promise<number> {
  const [cpu, time] = [cpuSeconds(pid), performance.now()];
  await sleep(during);
  return (cpuSeconds(pid) - cpu) / ((performance.now() - time) / 1_000);
}

function field(status: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status);
  if (!match) throw new Error(`/proc has no ${name}`);
  return Number(match[1]);
}

/** A descriptor may close while it is looked at. */
function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
