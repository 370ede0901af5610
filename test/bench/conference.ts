/**
 * What a member of a conference costs, beside ConfBridge of Asterisk 22; writes docs/reference/benchmarks-conference.md:
 *
 *     node -C node-pcm-codecs-source --import tsx test/bench/conference.ts [--rounds 5] [--seconds 5] [--members 10,30,60] [--to FILE]
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join, resolve } from 'node:path';
import { version } from 'node:process';
import { parseArgs } from 'node:util';
import { installPeers } from '../interop/peers/install.ts';
import { pause } from '../support/wait-until.ts';
import { HeadOffice, type Members, TALKERS, Telephones } from './conference-members.ts';
import { SUBJECTS } from './media-subjects.ts';
import { cpuPct, MachineLoad, START_MS, WARM_UP_MS } from './process-cost.ts';
import { Samples } from './samples.ts';
import type { Subject } from './subject.ts';
import { FRAME_MS } from './voice-clock.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    members: { type: 'string', default: '10,30,60' },
    to: { type: 'string', default: 'docs/reference/benchmarks-conference.md' },
  },
});
const root = join(import.meta.dirname, '../..');
const rounds = Number(values.rounds);
const windowMs = Number(values.seconds) * 1_000;
const sizes = values.members.split(',').map(Number);
const samples = new Samples();
/** Who the members are, and what the table calls them. */
const KINDS = [
  ['office', 'of a head office'],
  ['telephones', 'telephones'],
] as const;
/** So long those that have just come are let alone. */
const SETTLE_MS = 3_000;

async function measure(subject: Subject, kind: string, members: Members): Promise<void> {
  await subject.start();
  try {
    await pause(START_MS);
    const idle = await cpuPct(subject.pid, () => pause(windowMs));
    samples.add(subject.name, 'idle', idle);
    await members.bringTo(Math.max(...sizes));
    await members.talk(WARM_UP_MS);
    await members.leave();
    const used: number[] = [];
    for (const size of sizes) {
      await members.bringTo(size);
      await members.talk(SETTLE_MS);
      const load = new MachineLoad();
      const heardBefore = members.heard;
      const busy = await cpuPct(subject.pid, () => members.talk(windowMs));
      const { busyPct, stealPct } = load.shares();
      used.push(busy - idle);
      samples.add(subject.name, `${kind} member ${size}`, (busy - idle) / size);
      if (members.heard !== undefined && heardBefore !== undefined) {
        const heardMs = FRAME_MS * (members.heard - heardBefore);
        samples.add(subject.name, `heard ${size}`, (100 * heardMs) / (windowMs * size));
      }
      samples.add(subject.name, `${kind} machine ${size}`, busyPct);
      samples.add(subject.name, `${kind} steal ${size}`, stealPct);
    }
    const [fewest, most] = [sizes[0]!, sizes.at(-1)!];
    if (most > fewest) samples.add(subject.name, `${kind} slope`, (used.at(-1)! - used[0]!) / (most - fewest));
  } finally {
    await members.leave();
    await subject.stop();
  }
}

function report(): string {
  const names = SUBJECTS.map(({ name }) => name);
  const row = (title: string, kind: string, digits: number) =>
    `| ${title} | ${names.map((name) => samples.median(name, kind, digits)).join(' | ')} |`;
  const each = (title: (size: number) => string, kind: string, digits: number) =>
    sizes.map((size) => row(title(size), `${kind} ${size}`, digits)).join('\n');
  const cost = (kind: string, who: string) =>
    `${each((size) => `CPU per member, ${size} ${who}, %`, `${kind} member`, 3)}
${row(`CPU of each further member, ${sizes[0]} to ${sizes.at(-1)} ${who}, %`, `${kind} slope`, 3)}`;
  const machine = (kind: string, who: string) =>
    `${each((size) => `machine busy, ${size} ${who}, %`, `${kind} machine`, 0)}
${each((size) => `taken by the machine's host, ${size} ${who}, %`, `${kind} steal`, 1)}`;
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  return `# Benchmarks of conferences

Written by \`test/bench/conference.ts\`; do not edit. Commit ${commit}, Node ${version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}.

CPU of the switch's process, all its threads, in percent of one core over ${windowMs / 1_000} s, less what it takes idle; median of ${rounds} rounds with the
smallest and largest in brackets. Members call over IAX2, µ-law, a packet each 20 ms both ways. The peer is ConfBridge of Asterisk 22.
Every switch is warmed up alike: the most members have talked for ${WARM_UP_MS / 1_000} s before any count, since a switch runs for years.

Members of a head office are calls of a real Asterisk 16, from one address; each sends a steady tone without a pause. It leaves out
one packet in fifteen, which is made up for. Telephones call from an address each; ${TALKERS} of them talk, the others send silence.

| | ${names.join(' | ')} |
|---|${names.map(() => '---').join('|')}|
${row('CPU idle, %', 'idle', 2)}
${KINDS.map(([kind, who]) => cost(kind, who)).join('\n')}
${each((size) => `frames heard, ${size} telephones, % of real time`, 'heard', 0)}
${KINDS.map(([kind, who]) => machine(kind, who)).join('\n')}
`;
}

installPeers(['asterisk16', 'asterisk22'], (line) => console.error(line));
const headOffice = await HeadOffice.open();
try {
  for (let round = 1; round <= rounds; round++) {
    for (const subject of SUBJECTS) {
      console.error(`round ${round} of ${rounds}: ${subject.name}`);
      await measure(subject, 'office', headOffice);
      await measure(subject, 'telephones', new Telephones());
    }
  }
} finally {
  await headOffice.close();
}
writeFileSync(resolve(root, values.to), report());
console.error(`wrote ${values.to}`);
