/**
 * How much later voice leaves a switch than it came, beside Asterisk 22: relayed between two IAX2 calls, relayed into a trunk,
 * and mixed in a conference. Writes docs/reference/benchmarks-delay.md:
 *
 *     node -C node-pcm-codecs-source --import tsx test/bench/delay.ts [--rounds 5] [--seconds 5] [--calls 10] [--to FILE]
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join, resolve } from 'node:path';
import { version } from 'node:process';
import { parseArgs } from 'node:util';
import { installPeers } from '../interop/peers/install.ts';
import { RawAnswerer } from '../support/raw-answerer.ts';
import { RawCaller } from '../support/raw-caller.ts';
import { pause, waitUntil } from '../support/wait-until.ts';
import { ANSWERER, CALLERS, NUMBERS, SUBJECTS, SWITCH, USER } from './media-subjects.ts';
import { MachineLoad } from './process-cost.ts';
import { Samples } from './samples.ts';
import type { Subject } from './subject.ts';
import { FRAME_MS, speak } from './voice-clock.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    calls: { type: 'string', default: '10' },
    to: { type: 'string', default: 'docs/reference/benchmarks-delay.md' },
  },
});
const root = join(import.meta.dirname, '../..');
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const calls = Number(values.calls);
const samples = new Samples();
const SILENCE = 0xff;
const LOUD = 0x80;
const dial = (number: string) => RawCaller.dial({ ip: SWITCH, port: 4569 }, CALLERS, USER, number);

interface Measured {
  /** In ascending order. */
  readonly delays: number[];
  readonly trunkFramesPerSecond?: number;
}

/** Calls in turns say frames that name themselves; gives how long each was under way. */
async function relayDelays(number: string, port: number): Promise<Measured> {
  const answerer = await RawAnswerer.open({ ip: ANSWERER, port });
  const callers: RawCaller[] = [];
  try {
    for (let i = 0; i < calls; i++) callers.push(await dial(number));
    await waitUntil('all calls to be there', 5_000, () => answerer.callCount === calls);
    const sentMs: number[] = [];
    const delays: number[] = [];
    answerer.onVoice = (codes, atMs) => {
      const mark = new DataView(codes.buffer, codes.byteOffset).getUint32(0);
      if (sentMs[mark] !== undefined) delays.push(atMs - sentMs[mark]);
    };
    let mark = 0;
    await speak(calls, performance.now() + seconds * 1_000, (speaker, frame) => {
      const codes = new Uint8Array(160).fill(SILENCE);
      new DataView(codes.buffer).setUint32(0, mark);
      sentMs[mark++] = performance.now();
      callers[speaker]!.say(codes, 1_000 + FRAME_MS * frame);
    });
    await pause(300);
    return { delays: settled(delays), trunkFramesPerSecond: answerer.trunkFrameCount / seconds };
  } finally {
    for (const caller of callers) await caller.hangUp();
    await pause(300);
    await answerer.close();
  }
}

/** One speaks a loud frame now and then; gives how long until another hears the first sample of it. */
async function mixerDelays(): Promise<Measured> {
  const [speaker, listener] = [await dial(NUMBERS.conference), await dial(NUMBERS.conference)];
  try {
    let loudMs: number | undefined;
    const delays: number[] = [];
    listener.onVoice = (codes, atMs) => {
      // µ-law of high level has its exponent inverted: what is loud has a small code.
      const first = codes.findIndex((code) => (code & 0x7f) < 0x20);
      if (first < 0 || loudMs === undefined) return;
      // What stands behind others in a frame is heard so much later.
      delays.push(atMs - loudMs + first / 8);
      loudMs = undefined;
    };
    await speak(1, performance.now() + 4 * seconds * 1_000, (_, frame) => {
      const isLoud = frame % 10 === 9;
      if (isLoud) loudMs = performance.now();
      speaker.say(new Uint8Array(160).fill(isLoud ? LOUD : SILENCE), 1_000 + FRAME_MS * frame);
      listener.say(new Uint8Array(160).fill(SILENCE), 1_000 + FRAME_MS * frame);
    });
    return { delays: settled(delays) };
  } finally {
    for (const caller of [speaker, listener]) await caller.hangUp();
  }
}

/** What a call says first finds compilers and buffers that are still at work. */
function settled(delays: readonly number[]): number[] {
  const kept = delays.slice(Math.floor(delays.length / 5)).sort((a, b) => a - b);
  if (kept.length === 0) throw new Error('nothing of what was said came back');
  return kept;
}

const KINDS = [
  ['relay', () => relayDelays(NUMBERS.relay, 4569)],
  ['trunk', () => relayDelays(NUMBERS.trunk, 4570)],
  ['mixer', mixerDelays],
] as const;

async function measure(subject: Subject): Promise<void> {
  await subject.start();
  try {
    await pause(2_000);
    for (const [kind, delaysOf] of KINDS) {
      const load = new MachineLoad();
      const { delays, trunkFramesPerSecond = 0 } = await delaysOf();
      samples.add(subject.name, `${kind} p50`, delays[Math.floor(delays.length * 0.5)]!);
      samples.add(subject.name, `${kind} p99`, delays[Math.floor(delays.length * 0.99)]!);
      samples.add(subject.name, `${kind} frames`, trunkFramesPerSecond);
      samples.add(subject.name, `${kind} busy`, load.shares().busyPct);
      samples.add(subject.name, `${kind} steal`, load.shares().stealPct);
    }
  } finally {
    await subject.stop();
  }
}

function report(): string {
  const names = SUBJECTS.map(({ name }) => name);
  const row = (title: string, kind: string, digits: number) =>
    `| ${title} | ${names.map((name) => samples.median(name, kind, digits)).join(' | ')} |`;
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  return `# Benchmarks of delay

Written by \`test/bench/delay.ts\`; do not edit. Commit ${commit}, Node ${version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}.

How long voice of 20 ms is in the switch, ms, over loopback with no jitter; median of ${rounds} rounds with the smallest and largest in
brackets. ${calls} calls over IAX2 say frames for ${seconds} s, spread over the 20 ms, each is joined to a call to a program that notes when a
frame comes, alone or in a trunk frame. In a conference of two one says a loud frame each 200 ms, the other hears it. One
program says and hears all, so that its own lateness is in the figures of both.

| | ${names.join(' | ')} |
|---|${names.map(() => '---').join('|')}|
${row('relay, half within', 'relay p50', 2)}
${row('relay, 99 % within', 'relay p99', 2)}
${row('relay into a trunk, half within', 'trunk p50', 2)}
${row('relay into a trunk, 99 % within', 'trunk p99', 2)}
${row('trunk frames a second', 'trunk frames', 0)}
${row('conference, half within', 'mixer p50', 1)}
${row('conference, 99 % within', 'mixer p99', 1)}
${row('machine busy, relay, %', 'relay busy', 0)}
${row('taken by the machine’s host, relay, %', 'relay steal', 1)}

Ours relays on a grid of 5 ms, so 2.5 ms on average is its price; Asterisk sends each frame as it comes.
A trunk frame leaves Asterisk each 20 ms, and when eight calls have filled it; ours leaves on the same grid as soon as two blocks of voice
wait, or one if nothing has left for 20 ms. Without trunks ${calls} calls are ${50 * calls} datagrams a second.
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
