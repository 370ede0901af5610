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
import { RawCaller } from '../support/raw-caller.ts';
import { pause } from '../support/wait-until.ts';
import { CALLERS, NUMBERS, SUBJECTS, SWITCH, USER } from './media-subjects.ts';
import { cpuPct, MachineLoad, START_MS, WARM_UP_MS } from './process-cost.ts';
import { Samples } from './samples.ts';
import type { Subject } from './subject.ts';
import { FRAME_MS, speak } from './voice-clock.ts';

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
/** So many talk, each with a square wave of another pitch; the others send silence, as a telephone does. */
const TALKERS = 3;
const SETTLE_MS = 2_000;

function voiceOf(member: number): Uint8Array {
  const half = 5 + 2 * member;
  return Uint8Array.from({ length: 160 }, (_, i) => {
    if (member >= TALKERS) return 0xff;
    return Math.floor(i / half) % 2 === 0 ? 0x9f : 0x1f;
  });
}

async function measure(subject: Subject): Promise<void> {
  await subject.start();
  const members: RawCaller[] = [];
  const voices: Uint8Array[] = [];
  let heard = 0;
  try {
    await pause(START_MS);
    const idle = await cpuPct(subject.pid, () => pause(windowMs));
    samples.add(subject.name, 'idle', idle);
    const used: number[] = [];
    let saidMs = 1_000;
    for (const size of sizes) {
      while (members.length < size) {
        const member = await RawCaller.dial({ ip: SWITCH, port: 4569 }, CALLERS, USER, NUMBERS.conference);
        member.onVoice = () => heard++;
        voices.push(voiceOf(members.length));
        members.push(member);
      }
      let talkedMs = 0;
      const talk = (ms: number) =>
        speak(size, performance.now() + ms, (member, frame) => {
          talkedMs = FRAME_MS * (frame + 1);
          members[member]!.say(voices[member]!, saidMs + FRAME_MS * frame);
        }).then(() => {
          saidMs += talkedMs;
        });
      await talk(used.length === 0 ? WARM_UP_MS : SETTLE_MS);
      const load = new MachineLoad();
      heard = 0;
      const busy = await cpuPct(subject.pid, () => talk(windowMs));
      const { busyPct, stealPct } = load.shares();
      used.push(busy - idle);
      samples.add(subject.name, `member ${size}`, (busy - idle) / size);
      samples.add(subject.name, `heard ${size}`, (100 * heard * FRAME_MS) / (windowMs * size));
      samples.add(subject.name, `machine ${size}`, busyPct);
      samples.add(subject.name, `steal ${size}`, stealPct);
    }
    const [fewest, most] = [sizes[0]!, sizes.at(-1)!];
    if (most > fewest) samples.add(subject.name, 'slope', (used.at(-1)! - used[0]!) / (most - fewest));
  } finally {
    for (const member of members) await member.hangUp(10_000_000);
    await subject.stop();
  }
}

function report(): string {
  const names = SUBJECTS.map(({ name }) => name);
  const row = (title: string, kind: string, digits: number) =>
    `| ${title} | ${names.map((name) => samples.median(name, kind, digits)).join(' | ')} |`;
  const each = (title: (size: number) => string, kind: string, digits: number) =>
    sizes.map((size) => row(title(size), `${kind} ${size}`, digits)).join('\n');
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  return `# Benchmarks of conferences

Written by \`test/bench/conference.ts\`; do not edit. Commit ${commit}, Node ${version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}.

CPU of the switch's process, all its threads, in percent of one core over ${windowMs / 1_000} s, less what it takes idle; median of ${rounds} rounds with the
smallest and largest in brackets. Members call over IAX2, µ-law, a packet each 20 ms both ways; ${TALKERS} of them talk, the others send
silence. The peer is ConfBridge of Asterisk 22. Every switch is warmed up alike: the first members talk for ${WARM_UP_MS / 1_000} s before they count, since a
switch runs for years.

| | ${names.join(' | ')} |
|---|${names.map(() => '---').join('|')}|
${row('CPU idle, %', 'idle', 2)}
${each((size) => `CPU per member, ${size} members, %`, 'member', 3)}
${row(`CPU of each further member, ${sizes[0]} to ${sizes.at(-1)}, %`, 'slope', 3)}
${each((size) => `frames heard, ${size} members, % of real time`, 'heard', 0)}
${each((size) => `machine busy, ${size} members, %`, 'machine', 0)}
${each((size) => `taken by the machine's host, ${size} members, %`, 'steal', 1)}
`;
}

installPeers(['asterisk22'], (line) => console.error(line));
for (let round = 1; round <= rounds; round++) {
  for (const subject of SUBJECTS) {
    console.error(`round ${round} of ${rounds}: ${subject.name}`);
    await measure(subject);
  }
}
writeFileSync(resolve(root, values.to), report());
console.error(`wrote ${values.to}`);
