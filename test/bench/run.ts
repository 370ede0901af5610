/**
 * Measures the appliance beside real Asterisks, in turns within one run, and writes docs/reference/benchmarks.md.
 *
 *     npm run bench [-- --rounds 5 --seconds 8 --calls 10,25,30,50 --rates 10,25,50 --to FILE]
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { dirname, join } from 'node:path';
import { version } from 'node:process';
import { parseArgs } from 'node:util';
import { installPeers } from '../interop/peers/install.ts';
import { type Asterisk, startAsterisk } from '../support/asterisk.ts';
import { pause, waitUntil } from '../support/wait-until.ts';
import { ManagerInterface } from './manager-interface.ts';
import { cpuPct, cpuSeconds, MachineLoad, memory, START_MS, WARM_UP_MS } from './process-cost.ts';
import { Samples } from './samples.ts';
import type { Subject } from './subject.ts';
import { GENERATOR, generatorOptions, SUBJECTS, sinkOptions } from './subjects.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '8' },
    calls: { type: 'string', default: '10,25,30,50' },
    rates: { type: 'string', default: '10,25,50' },
    to: { type: 'string', default: 'docs/reference/benchmarks.md' },
  },
});
const root = join(import.meta.dirname, '../..');
const rounds = Number(values.rounds);
const windowMs = Number(values.seconds) * 1_000;
const callCounts = values.calls.split(',').map(Number);
const rates = values.rates.split(',').map(Number);

/** So long calls that have just come are let alone. */
const SETTLE_MS = 3_000;

const samples = new Samples();

/** Start, idle cost, then calls bridged: `n` at once, each a steady tone both ways. */
async function measure(
  subject: Subject,
  generator: Asterisk,
  sink: Asterisk,
  manager: ManagerInterface,
): Promise<void> {
  const logged = sink.log().length;
  const registered = sink.waitForLog(/Registered IAX2 'subject'/, 30_000, logged).then(() => performance.now());
  try {
    const startMs = await subject.start();
    samples.add(subject.name, 'registered', (await registered) - startMs);
    await pause(START_MS);
    const idle = await cpuPct(subject.pid, () => pause(windowMs));
    samples.add(subject.name, 'idle', idle);
    const rest = memory(subject.pid);
    samples.add(subject.name, 'rss', rest.residentMb);
    samples.add(subject.name, 'private', rest.privateMb);

    await measureBridged(subject, 'plain', idle, manager, generator, sink);
    await clear(generator, sink);
    await measureBridged(subject, 'trunked', idle, manager, generator, sink);
    await clear(generator, sink);
    await placeCalls(rates.at(-1)!, WARM_UP_MS, manager);
    await clear(generator, sink);
    for (const rate of rates) await measureSetUp(subject, rate, idle, manager, generator, sink);
  } finally {
    await generator.cli('channel request hangup all');
    await subject.stop();
    // A registration of the same address again would not be logged.
    await sink.cli('iax2 unregister subject');
  }
}

/**
 * Ever more calls at once, by a peer with or without a trunk on both sides of the subject. The most of them have talked for a
 * while before any count.
 */
async function measureBridged(
  subject: Subject,
  kind: 'plain' | 'trunked',
  idle: number,
  manager: ManagerInterface,
  generator: Asterisk,
  sink: Asterisk,
): Promise<void> {
  const peer = kind === 'plain' ? 'subject' : 'trunked-subject';
  const bringTo = async (count: number) => {
    // One after the other: of calls that start in the same millisecond Asterisk itself drops some.
    while ((await sink.channelCount()) < count) await manager.originate(`IAX2/${peer}/601`, 'Milliwatt', '');
  };
  await bringTo(Math.max(...callCounts));
  await pause(WARM_UP_MS);
  await clear(generator, sink);
  const used: number[] = [];
  for (const count of callCounts) {
    await bringTo(count);
    await pause(SETTLE_MS);
    const load = new MachineLoad();
    const busy = await cpuPct(subject.pid, () => pause(windowMs));
    const { busyPct, stealPct } = load.shares();
    used.push(busy - idle);
    samples.add(subject.name, `${kind} ${count}`, (busy - idle) / count);
    samples.add(subject.name, `machine ${kind} ${count}`, busyPct);
    samples.add(subject.name, `steal ${kind} ${count}`, stealPct);
    samples.add(subject.name, `rss ${kind} ${count}`, memory(subject.pid).residentMb);
  }
  const [fewest, most] = [callCounts[0]!, callCounts.at(-1)!];
  if (most > fewest) samples.add(subject.name, `slope ${kind}`, (used.at(-1)! - used[0]!) / (most - fewest));
}

/** Offers `rate` calls a second for so long, each answered and ended by the sink after 2 s; gives which were answered. */
async function placeCalls(rate: number, forMs: number, manager: ManagerInterface): Promise<readonly boolean[]> {
  const outcomes: Promise<boolean>[] = [];
  const startMs = performance.now();
  for (let i = 0; i < rate * (forMs / 1_000); i++) {
    await pause(startMs + (i * 1_000) / rate - performance.now());
    outcomes.push(manager.originate('IAX2/subject/602', 'Wait', '5'));
  }
  return Promise.all(outcomes);
}

async function measureSetUp(
  subject: Subject,
  rate: number,
  idlePct: number,
  manager: ManagerInterface,
  generator: Asterisk,
  sink: Asterisk,
): Promise<void> {
  const [startS, startMs] = [cpuSeconds(subject.pid), performance.now()];
  const outcomes = await placeCalls(rate, windowMs, manager);
  await clear(generator, sink);
  const cpuMs = (cpuSeconds(subject.pid) - startS) * 1_000 - (idlePct / 100) * (performance.now() - startMs);
  samples.add(subject.name, `set-up cpu ${rate}`, cpuMs / outcomes.length);
  samples.add(subject.name, `set-up answered ${rate}`, (100 * outcomes.filter(Boolean).length) / outcomes.length);
}

async function clear(generator: Asterisk, sink: Asterisk): Promise<void> {
  await generator.cli('channel request hangup all');
  await waitUntil(
    'all calls to be over',
    30_000,
    async () => (await sink.channelCount()) + (await generator.channelCount()) === 0,
  );
}

function report(names: readonly string[]): string {
  const row = (title: string, key: string, digits: number) =>
    `| ${title} | ${names.map((name) => samples.median(name, key, digits)).join(' | ')} |`;
  const span = `${callCounts[0]} to ${callCounts.at(-1)} calls`;
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  return `# Benchmarks

Written by \`npm run bench\`; do not edit. Commit ${commit}, Node ${version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}.

Each figure is the median of ${rounds} rounds with the smallest and largest in brackets. A round measures every switch in
turn, each freshly started, on the same machine between the same two Asterisk 16 (one makes the calls, one answers them).
CPU is user and system time of the switch's process, in percent of one core over ${windowMs / 1_000} s; per call, the idle share is
subtracted. All calls are µ-law, 20 ms, with a steady tone both ways; trunked ones go by peers with a trunk on both sides of the switch.
Every switch is warmed up alike before it counts: ${WARM_UP_MS / 1_000} s with the most calls of each kind, and as long with the most calls set up and
ended. A switch runs for years, and a compiler at run time has what it compiles in the first minute.

| | ${names.join(' | ')} |
|---|${names.map(() => '---').join('|')}|
${row('start to registered, ms', 'registered', 0)}
${row('CPU idle, registered, %', 'idle', 2)}
${row('resident memory idle, MB', 'rss', 0)}
${row('of it private, MB', 'private', 0)}
${callCounts.map((count) => row(`CPU per bridged call, ${count} calls, %`, `plain ${count}`, 2)).join('\n')}
${row(`CPU of each further call, ${span}, %`, 'slope plain', 2)}
${callCounts.map((count) => row(`CPU per trunked call, ${count} calls, %`, `trunked ${count}`, 2)).join('\n')}
${row(`CPU of each further trunked call, ${span}, %`, 'slope trunked', 2)}
${callCounts.map((count) => row(`resident memory, ${count} calls, MB`, `rss plain ${count}`, 0)).join('\n')}
${rates.map((rate) => row(`CPU per call set up and ended, ${rate} calls/s, ms`, `set-up cpu ${rate}`, 1)).join('\n')}
${rates.map((rate) => row(`answered at ${rate} calls/s, %`, `set-up answered ${rate}`, 1)).join('\n')}
${callCounts.map((count) => row(`machine busy, ${count} calls, %`, `machine plain ${count}`, 0)).join('\n')}
${callCounts.map((count) => row(`machine busy, ${count} trunked calls, %`, `machine trunked ${count}`, 0)).join('\n')}
${callCounts.map((count) => row(`taken by the machine's host, ${count} calls, %`, `steal plain ${count}`, 1)).join('\n')}
${callCounts.map((count) => row(`taken by the machine's host, ${count} trunked calls, %`, `steal trunked ${count}`, 1)).join('\n')}

How to read it: generator and sink share the machine with the switch that is measured. Where the machine, with whatever else
ran on it, is busy above 90 %,
calls lose packets and the switch looks cheaper or dearer than it is; a set-up rate below 100 % answered is a limit of this rig as
much as of the switch.
`;
}

installPeers(['asterisk16', 'asterisk22'], (line) => console.error(line));
const generator = await startAsterisk(generatorOptions('16'));
const sink = await startAsterisk(sinkOptions('16'));
try {
  const manager = await ManagerInterface.connect(GENERATOR, 'bench', 'bench');
  for (let round = 1; round <= rounds; round++) {
    for (const subject of SUBJECTS) {
      console.error(`round ${round} of ${rounds}: ${subject.name}`);
      await measure(subject, generator, sink, manager);
    }
  }
  manager.close();
} finally {
  await generator.dispose();
  await sink.dispose();
}
const file = join(root, values.to);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, report(SUBJECTS.map(({ name }) => name)));
console.error(`wrote ${values.to}`);
