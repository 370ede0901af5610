import { readdirSync, readFileSync } from 'node:fs';

/**
 * So long each switch does what is measured before it is measured, at the most that is: then signalling, which runs some ten
 * times a second, is compiled as well as what runs for each packet. A switch runs for years.
 */
export const WARM_UP_MS = 45_000;

/** So long after its start nothing of that is left: an engine tidies up some seconds behind it, which is not what idle costs. */
export const START_MS = 15_000;

/** What a process has used so far, all threads together, as the kernel counts it (in ticks of 10 ms). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The same of a process and the ones that it started. */
export function cpuSecondsOfAll(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, one) => sum + cpuSeconds(one), 0);
}

function childrenOf(pid: number): number[] {
  const lists = readdirSync(`/proc/${pid}/task`).map((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8'),
  );
  return lists.flatMap((list) => list.split(' ').filter((child) => child !== '')).map(Number);
}

/** What the threads of a process that still run have used so far, exactly. */
export function cpuNanoseconds(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce(
    (sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ', 1)[0]),
    0,
  );
}

/** CPU of `pid` in percent of one core while `during` runs. */
export async function cpuPct(pid: number, during: () => Promise<unknown>): Promise<number> {
  const [startNs, startMs] = [cpuNanoseconds(pid), performance.now()];
  await during();
  return (cpuNanoseconds(pid) - startNs) / (performance.now() - startMs) / 1e4;
}

export interface Memory {
  readonly residentMb: number;
  /** What would come free if it ended: pages that nobody shares. */
  readonly privateMb: number;
}

/** Of a process and its children. Where there are some, a page that several hold is one of each in equal parts. */
export function memory(pid: number): Memory {
  const pids = [pid, ...childrenOf(pid)];
  const rollups = pids.map((one) => readFileSync(`/proc/${one}/smaps_rollup`, 'utf8')).join('');
  const sum = (pattern: RegExp) =>
    [...rollups.matchAll(pattern)].reduce((total, [, kb]) => total + Number(kb), 0) / 1024;
  return {
    residentMb: sum(pids.length === 1 ? /^Rss:\s+(\d+)/gm : /^Pss:\s+(\d+)/gm),
    privateMb: sum(/^Private_(?:Clean|Dirty):\s+(\d+)/gm),
  };
}

/** Share of both cores that the whole machine was busy with, and the share that its host took, over a window. */
export class MachineLoad {
  private readonly before = ticks();

  shares(): { busyPct: number; stealPct: number } {
    const after = ticks();
    const total = after.total - this.before.total || 1;
    return {
      busyPct: (100 * (after.busy - this.before.busy)) / total,
      stealPct: (100 * (after.steal - this.before.steal)) / total,
    };
  }
}

function ticks(): { total: number; busy: number; steal: number } {
  const [user, nice, system, idle, wait, irq, softirq, steal] = readFileSync('/proc/stat', 'utf8')
    .split('\n')[0]!
    .split(/\s+/)
    .slice(1, 9)
    .map(Number) as [number, number, number, number, number, number, number, number];
  const busy = user + nice + system + irq + softirq + steal;
  return { total: busy + idle + wait, busy, steal };
}
