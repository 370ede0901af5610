/**
 * Relays the voice of bridged calls by the media worker, by two programs in C and by plain dgram, in turns, and measures the
 * CPU of each packet; then how late the worker's ticks are while the main thread is busy. Writes
 * docs/reference/benchmarks-relay.md:
 *
 *     npm run build && node -C node-pcm-codecs-source --import tsx test/bench/relay.ts [--rounds 5] [--seconds 6] [--calls 10,50,100,200,400] [--to FILE]
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath, version } from 'node:process';
import { createInterface, type Interface } from 'node:readline';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { installPeers } from '../interop/peers/install.ts';
import { pause } from '../support/wait-until.ts';
import { cpuNanoseconds, MachineLoad, WARM_UP_MS } from './process-cost.ts';
import { Samples } from './samples.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '6' },
    calls: { type: 'string', default: '10,50,100,200,400' },
    to: { type: 'string', default: join(import.meta.dirname, '../../docs/reference/benchmarks-relay.md') },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const sizes = values.calls.split(',').map(Number);
/** What is compiled before it runs needs no more. */
const SETTLE_MS = { node: WARM_UP_MS, c: 1_000 };
const PACKETS_PER_CALL_AND_SECOND = 100;
/** The first block each way is one for the far end's full frame, which signalling sends: there is none here. */
const FULL_FRAMES_PER_CALL = 2;

const folder = mkdtempSync(join(tmpdir(), 'branchline-relay-'));
const dist = join(import.meta.dirname, '../../dist');
const peers = join(folder, 'relay-peers');
const samples = new Samples();

/** A program that is spoken with by lines. */
class Lines {
  private readonly reader: Interface;
  private readonly lines: AsyncIterator<string>;

  constructor(private readonly child: ChildProcess) {
    this.reader = createInterface({ input: child.stdout! });
    this.lines = this.reader[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.child.pid!;
  }

  async read(): Promise<string> {
    const { value, done } = await this.lines.next();
    if (done === true) throw new Error('a program of the benchmark ended before its time');
    return value;
  }

  write(line: string): void {
    this.child.stdin!.write(`${line}\n`);
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill();
    await ended;
  }
}

function start(command: string, args: readonly string[], env = process.env): Lines {
  return new Lines(spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env }));
}

const subjectScript = join(folder, 'relay-subject.mjs');

/** What would load TypeScript is a thread, and an expense, that the product does not have. */
function bundleSubject(): void {
  buildSync({
    entryPoints: [join(import.meta.dirname, 'relay-subject.ts')],
    outfile: subjectScript,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    conditions: ['node-pcm-codecs-source'],
    logLevel: 'warning',
  });
}

function startSubject(kind: 'worker' | 'dgram', calls: number): Lines {
  const args = [subjectScript, kind, String(calls), join(dist, 'media-worker.js')];
  return start(execPath, args, { ...process.env, NODE_PATH: join(dist, 'node_modules') });
}

function startNode(script: string, ...args: string[]): Lines {
  return start(execPath, [
    '-C',
    'node-pcm-codecs-source',
    '--import',
    'tsx',
    join(import.meta.dirname, script),
    ...args,
  ]);
}

const OURS = 'media worker';
interface Subject {
  readonly name: string;
  readonly kind: keyof typeof SETTLE_MS;
  readonly start: (calls: number) => Lines;
}
const SUBJECTS: readonly Subject[] = [
  { name: OURS, kind: 'node', start: (calls) => startSubject('worker', calls) },
  { name: 'C recvmmsg, 5 ms', kind: 'c', start: () => start(peers, ['mmsg']) },
  { name: 'C recvfrom', kind: 'c', start: () => start(peers, ['plain']) },
  { name: 'dgram', kind: 'node', start: (calls) => startSubject('dgram', calls) },
];

/** µs of CPU for one packet, in and out. */
async function measure({ name, kind, start: begin }: Subject, calls: number): Promise<number> {
  const subject = begin(calls);
  const settleMs = SETTLE_MS[kind];
  const port = await subject.read();
  const load = start(peers, ['load', port, String(calls), String(settleMs / 1_000 + seconds + 1)]);
  try {
    const sides = [await load.read(), await load.read()];
    subject.write(sides.join(' '));
    await pause(500);
    load.write('go');
    await pause(settleMs);
    const machine = new MachineLoad();
    const [beforeNs, beforeMs] = [cpuNanoseconds(subject.pid), performance.now()];
    await pause(seconds * 1_000);
    const [usedNs, ms] = [cpuNanoseconds(subject.pid) - beforeNs, performance.now() - beforeMs];
    const { busyPct, stealPct } = machine.shares();
    samples.add(name, `busy ${calls}`, busyPct);
    samples.add(name, `steal ${calls}`, stealPct);
    const [sent, received] = (await load.read()).split(' ').map(Number) as [number, number];
    const relayed = sent - (name === OURS ? FULL_FRAMES_PER_CALL * calls : 0);
    samples.add(name, `lost ${calls}`, (100 * (relayed - received)) / relayed);
    const us = usedNs / 1_000 / ((calls * PACKETS_PER_CALL_AND_SECOND * ms) / 1_000);
    samples.add(name, `packet ${calls}`, us);
    return us;
  } finally {
    await load.end();
    await subject.end();
  }
}

async function measureRounds(): Promise<void> {
  for (let round = 1; round <= rounds; round++) {
    for (const calls of sizes) {
      const costs = new Map<string, number>();
      for (const subject of SUBJECTS) {
        console.error(`round ${round} of ${rounds}, ${calls} calls: ${subject.name}`);
        costs.set(subject.name, await measure(subject, calls));
      }
      for (const { name } of SUBJECTS) samples.add(name, `ratio ${calls}`, costs.get(name)! / costs.get(OURS)!);
    }
    const lateness = startNode('tick-lateness.ts', String(seconds));
    for (const [name, kind, figure] of JSON.parse(await lateness.read()) as [string, string, number][])
      samples.add(name, kind, figure);
    await lateness.end();
  }
}

function report(): string {
  const names = SUBJECTS.map(({ name }) => name);
  const row = (title: string, kind: string, digits: number, of: readonly string[] = names) =>
    `| ${title} | ${of.map((name) => samples.median(name, kind, digits)).join(' | ')} |`;
  const head = (of: readonly string[]) => `| | ${of.join(' | ')} |\n|---|${of.map(() => '---').join('|')}|`;
  const late = ['worker', 'main thread'];
  const warmUp = `${WARM_UP_MS / 1_000} s after the beginning`;
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  return `# Relay benchmarks

Written by \`test/bench/relay.ts\`; do not edit. Commit ${commit}, Node ${version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}.

CPU of the relay's process, all its threads, for one packet of µ-law (164 bytes) in and out over loopback; median of ${rounds} rounds
of ${seconds} s, in which all take turns, with the smallest and largest in brackets. A program in C makes and takes the voice.
What runs on Node is measured ${warmUp}, when its compiler is done.

${head(names)}
${sizes.map((calls) => row(`µs per packet, ${calls} calls`, `packet ${calls}`, 2)).join('\n')}
${sizes.map((calls) => row(`times the worker's, ${calls} calls`, `ratio ${calls}`, 2)).join('\n')}
${sizes.map((calls) => row(`lost, ${calls} calls, %`, `lost ${calls}`, 2)).join('\n')}
${sizes.map((calls) => row(`machine busy, ${calls} calls, %`, `busy ${calls}`, 0)).join('\n')}
${sizes.map((calls) => row(`taken by the machine's host, ${calls} calls, %`, `steal ${calls}`, 1)).join('\n')}

The first block each way of each call is not counted where the worker relays: it is a full frame, which signalling, absent here, would
send.

How late ticks come, ms, while the main thread makes JSON without a pause: those of the worker, and a timer of the main thread.

${head(late)}
${['p50', 'p99', 'max'].map((kind) => row(kind, kind, 2, late)).join('\n')}
${row('real-time scheduling, 1 = yes', 'realtime', 0, late)}

When the worker is ended, voice is missing from its last tick to the first one of the next worker, which has all calls, for
${samples.median('worker', 'outage', 0)} ms.
`;
}

installPeers(['gcc'], (line) => console.error(line));
try {
  const source = join(import.meta.dirname, 'relay-peers.c');
  execFileSync('gcc', ['-O3', '-march=native', '-Wall', '-Werror', '-o', peers, source], { stdio: 'inherit' });
  bundleSubject();
  await measureRounds();
  writeFileSync(values.to, report());
  console.error(`wrote ${values.to}`);
} finally {
  rmSync(folder, { recursive: true });
}
