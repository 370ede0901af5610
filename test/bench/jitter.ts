/**
 * Plays the same traces of voice to the jitter buffer of a real Asterisk 22 and to ours, and writes
 * docs/reference/benchmarks-jitter.md:
 *
 *     node -C node-pcm-codecs-source --import tsx test/bench/jitter.ts [--rounds 3] [--seconds 20] [--to FILE]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join, resolve } from 'node:path';
import { version } from 'node:process';
import { parseArgs } from 'node:util';
import { SeededRandom } from '../../src/base/random.ts';
import { estimateMos } from '../../src/base/voice-quality.ts';
import { PlayoutBuffer } from '../../src/media/playout-buffer.ts';
import { installPeers } from '../interop/peers/install.ts';
import { type Asterisk, startAsterisk } from '../support/asterisk.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { type HeardHalf, MarkedVoice } from '../support/marked-voice.ts';
import { RawCaller } from '../support/raw-caller.ts';
import { BASE_MS, bursts, exponential, stalls, steady, uniform, type VoicePath } from '../support/voice-path.ts';
import { pause } from '../support/wait-until.ts';
import { FAULTS_ONLY } from './asterisk-files.ts';
import { MachineLoad } from './process-cost.ts';
import { Samples } from './samples.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '20' },
    to: { type: 'string', default: 'docs/reference/benchmarks-jitter.md' },
  },
});
const root = join(import.meta.dirname, '../..');
const rounds = Number(values.rounds);
const count = Number(values.seconds) * 50;
const FRAME_MS = 20;
const BLOCK_MS = 10;
const [SERVER, CALLER] = [loopbackAddress(51), loopbackAddress(52)];

interface Trace {
  readonly name: string;
  readonly path: () => VoicePath;
  /** How much faster the sender's clock runs than the reader's. */
  readonly ppm?: number;
}

/**
 * Delays of frames of 20 ms, ms: a real Asterisk's tone over loopback, arrival less timestamp, while six busy programs shared
 * its two cores, so that it fell behind in time.
 */
function recorded(file: string): VoicePath {
  const delays = JSON.parse(readFileSync(join(root, 'test/vectors/jitter', file), 'utf8')) as number[];
  return (n) => BASE_MS + delays[n % delays.length]!;
}

const TRACES: readonly Trace[] = [
  { name: 'no jitter', path: () => steady },
  { name: '10 ms jitter', path: () => uniform(10) },
  { name: '30 ms jitter', path: () => uniform(30) },
  { name: '60 ms jitter', path: () => uniform(60) },
  { name: '120 ms jitter', path: () => uniform(120) },
  { name: '200 ms jitter', path: () => uniform(200) },
  { name: 'few very late, 15 ms on average', path: () => exponential(15) },
  { name: 'few very late, 30 ms on average', path: () => exponential(30) },
  { name: '1 % lost, 10 ms jitter', path: () => uniform(10, 0.01) },
  { name: '5 % lost, 10 ms jitter', path: () => uniform(10, 0.05) },
  { name: '20 % lost, 30 ms jitter', path: () => uniform(30, 0.2) },
  { name: '10 % lost in bursts of 5', path: () => bursts(0.1, 5) },
  { name: 'stalls of 300 ms each 5 s', path: () => stalls(300, 5_000) },
  { name: 'path 100 ms longer in the middle third', path: () => (n) => BASE_MS + (isMiddle(n) ? 100 : 0) },
  { name: '+200 ppm, 10 ms jitter', path: () => uniform(10), ppm: 200 },
  { name: '−200 ppm, 10 ms jitter', path: () => uniform(10), ppm: -200 },
  { name: '+2000 ppm, 10 ms jitter', path: () => uniform(10), ppm: 2_000 },
  { name: '−2000 ppm, 10 ms jitter', path: () => uniform(10), ppm: -2_000 },
  { name: 'recorded on a busy machine', path: () => recorded('busy-machine.json') },
];

const isMiddle = (n: number) => n >= count / 3 && n < (2 * count) / 3;

/** When a frame came, ms after the first was sent; a frame may come before an earlier one. */
interface Arrival {
  readonly frame: number;
  readonly atMs: number;
}

/** In the order of arrival. */
function arrivalsOf({ path, ppm = 0 }: Trace, seed: number): Arrival[] {
  const random = new SeededRandom(seed);
  const take = path();
  const arrivals = Array.from({ length: count }, (_, frame) => {
    const delayMs = take(frame, random);
    return { frame, atMs: delayMs === undefined ? Number.NaN : sentMs(frame, ppm) + delayMs };
  });
  return arrivals.filter(({ atMs }) => !Number.isNaN(atMs)).sort((a, b) => a.atMs - b.atMs);
}

function sentMs(frame: number, ppm: number): number {
  return frame * FRAME_MS * (1 - ppm / 1e6);
}

/** What a listener got of a trace. */
interface Listener {
  readonly heard: HeardHalf[];
  /** How much of what came was heard. Halves tell it where nothing is blended with what is made up. */
  heardMs: number;
}

interface Run extends Listener {
  /** As the frames really came. */
  readonly arrivals: Arrival[];
}

/** Says the trace to an Asterisk that sends back what its jitter buffer gives out. */
async function playToAsterisk(plan: readonly Arrival[]): Promise<Run> {
  const voice = new MarkedVoice(count);
  const caller = await RawCaller.dial({ ip: SERVER, port: 4569 }, CALLER, 'bench', 'echo');
  const run: Run = { arrivals: [], heard: [], heardMs: 0 };
  const startMs = performance.now() + 100;
  caller.onVoice = (codes, atMs) => run.heard.push(...voice.find(codes, atMs - startMs));
  let next = 0;
  while (next < plan.length) {
    await pause(1);
    const nowMs = performance.now() - startMs;
    for (; next < plan.length && plan[next]!.atMs <= nowMs; next++) {
      const { frame } = plan[next]!;
      // IAX2 counts from the call's beginning, in which 1 s has passed at most.
      caller.say(voice.frames[frame]!, 1_000 + FRAME_MS * frame);
      run.arrivals.push({ frame, atMs: performance.now() - startMs });
    }
  }
  await pause(1_000);
  await caller.hangUp();
  run.heardMs = BLOCK_MS * run.heard.length;
  return run;
}

/** The same arrivals on a virtual clock, read in blocks of 10 ms, as a line does it. */
function playToOurs(arrivals: readonly Arrival[]): Listener {
  const voice = new MarkedVoice(count);
  const buffer = new PlayoutBuffer('ulaw');
  const block = new Uint8Array(8 * BLOCK_MS);
  const heard: HeardHalf[] = [];
  // A mark may lie across two blocks after a slip: marks are looked for in what was said before, too.
  const said = new Uint8Array(2 * block.length);
  let next = 0;
  const endMs = FRAME_MS * count + 1_000;
  for (let nowMs = 3; nowMs < endMs; nowMs += BLOCK_MS) {
    for (; next < arrivals.length && arrivals[next]!.atMs <= nowMs; next++) {
      const { frame } = arrivals[next]!;
      buffer.put(voice.frames[frame]!, 0, 160, 1_000 + FRAME_MS * frame);
    }
    buffer.read(block);
    said.copyWithin(0, block.length);
    said.set(block, block.length);
    heard.push(...voice.find(said, nowMs - BLOCK_MS));
  }
  return { heard, heardMs: buffer.counts.playedMs };
}

const samples = new Samples();

function judge(subject: string, { name, ppm = 0 }: Trace, arrivals: readonly Arrival[], listener: Listener): void {
  const { heard, heardMs } = listener;
  const cameMs = FRAME_MS * arrivals.length;
  const delays = heard.map(({ frame, atMs }) => atMs - sentMs(frame, ppm) - BASE_MS).sort((a, b) => a - b);
  const delayMs = delays.reduce((sum, ms) => sum + ms, 0) / delays.length;
  const times = heard.map(({ half, atMs }) => atMs + BLOCK_MS * half).sort((a, b) => a - b);
  const madeUpPct = Math.max(0, 100 * (1 - heardMs / (times.at(-1)! - times[0]! + BLOCK_MS)));
  samples.add(subject, `late ${name}`, (100 * (cameMs - heardMs)) / cameMs);
  samples.add(subject, `delay ${name}`, delayMs);
  samples.add(subject, `p95 ${name}`, delays[Math.floor(0.95 * (delays.length - 1))]!);
  samples.add(subject, `made ${name}`, madeUpPct);
  samples.add(subject, `mos ${name}`, estimateMos({ lossPct: madeUpPct, delayMs: FRAME_MS + BASE_MS + delayMs }));
}

const SUBJECTS = ['Branchline', 'Asterisk 22'] as const;

async function round(number: number): Promise<void> {
  const load = new MachineLoad();
  await Promise.all(
    TRACES.map(async (trace, i) => {
      // Not all frames of all traces in the same millisecond.
      await pause(i * 3);
      const run = await playToAsterisk(arrivalsOf(trace, 100 * number + i));
      judge('Asterisk 22', trace, run.arrivals, run);
      judge('Branchline', trace, run.arrivals, playToOurs(run.arrivals));
    }),
  );
  samples.add('machine', 'busy', load.shares().busyPct);
}

function report(): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const row = ({ name }: Trace) =>
    [
      name,
      ...[
        ['late', 2] as const,
        ['delay', 0] as const,
        ['p95', 0] as const,
        ['made', 1] as const,
        ['mos', 1] as const,
      ].flatMap(([kind, digits]) => SUBJECTS.map((subject) => samples.median(subject, `${kind} ${name}`, digits))),
    ].join(' | ');
  return `# Benchmarks of the jitter buffer

Written by \`test/bench/jitter.ts\`; do not edit. Commit ${commit}, Node ${version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()},
busy to ${samples.median('machine', 'busy', 0)} % of both cores.

Each trace is ${values.seconds} s of voice, µ-law in frames of 20 ms, two seconds of talk and half a second of pause in turns. It is said over IAX2, in real
time and all traces beside each other, to an Asterisk 22 with \`jitterbuffer=yes\` and its defaults, whose \`Echo\` sends back what its buffer gives
out. Every frame is marked, so that what comes back tells which frame was heard when. The times at which the frames really
left for Asterisk are then played, on a virtual clock, to our buffer as a telephone line reads it, in blocks of 10 ms. Median of ${rounds} rounds,
each with other random numbers, with the smallest and largest in brackets. *B* is Branchline, *A* is Asterisk.

*Not heard*: the share of what came that nobody heard, because it was late or left out to shorten the delay. *Delay*: from the
sender's mouth to the listener's ear, less the ${BASE_MS} ms that the fastest packet is under way; its mean, and the one that 95 % keep
within. *Made up*: the share of the listener's time in which there was nothing to hear and something was made up instead, lost frames included.
A clock that is 2000 ppm off shows in ${values.seconds} s what one of 200 ppm does in ${Number(values.seconds) * 10} s.

| trace | not heard, %, B | A | delay, ms, B | A | of 95 %, ms, B | A | made up, %, B | A | MOS, B | A |
|---|---|---|---|---|---|---|---|---|---|---|
${TRACES.map((trace) => `| ${row(trace)} |`).join('\n')}
`;
}

installPeers(['asterisk22'], (line) => console.error(line));
const asterisk: Asterisk = await startAsterisk({
  version: '22',
  bind: SERVER,
  files: {
    'iax.conf': `[general]
bindaddr=@BIND@
disallow=all
allow=ulaw
jitterbuffer=yes
calltokenoptional=0.0.0.0/0.0.0.0
[bench]
type=user
requirecalltoken=no
context=bench
`,
    'extensions.conf': '[bench]\nexten => echo,1,Answer()\n same => n,Echo()',
    'logger.conf': FAULTS_ONLY,
  },
});
try {
  for (let number = 1; number <= rounds; number++) {
    console.error(`round ${number} of ${rounds}`);
    await round(number);
  }
} finally {
  await asterisk.dispose();
}
writeFileSync(resolve(root, values.to), report());
console.error(`wrote ${values.to}`);
