/**
 * Measures the IAX2 stack by itself and writes docs/reference/benchmarks-iax2.md: codecs, a storm of registrations over
 * loopback, and simulated calls on a network that loses every fifth datagram.
 *
 *     node -C node-pcm-codecs-source --import tsx test/bench/iax2-stack.ts [--rounds 5]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { argv, pid, version } from 'node:process';
import { parseArgs } from 'node:util';
import { SeededRandom } from '../../src/base/random.ts';
import type { Call } from '../../src/iax2/endpoint.ts';
import { decodeFrame, encodeFullFrame, encodeMiniFrame } from '../../src/iax2/frame.ts';
import { decodeInformationElements, encodeInformationElements } from '../../src/iax2/information-element.ts';
import { encodeMetaTrunkFrame, TrunkReader } from '../../src/iax2/meta-trunk.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from '../../src/iax2/subclass.ts';
import { Iax2Node } from '../../src/iax2-node.ts';
import { peer, Switch } from '../support/iax2-world.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { Network } from '../support/network.ts';
import { waitUntil } from '../support/wait-until.ts';
import { frameCostUs } from './iax2-frames.ts';
import { cpuSeconds, WARM_UP_MS } from './process-cost.ts';
import { Samples } from './samples.ts';
import type { Subject } from './subject.ts';
import { SUBJECTS } from './subjects.ts';

const REGISTRANTS = 1_000;
const CALLS = 10_000;
const LOSS = 0.2;
const SECRET = 'of-all-of-them';
/** Each registration holds a call number for a minute, all of them here from one address. */
const LIMITS = { callNumbers: 32_000, callNumbersPerAddress: 32_000 } as const;

async function serveRegistrar(ip: string): Promise<void> {
  const peers = Array.from({ length: REGISTRANTS }, (_, i) => ({ name: `branch-${i}`, secrets: [SECRET] }));
  await Iax2Node.open({ bind: { ip, port: 4569 }, peers, limits: LIMITS });
  process.send?.('ready');
}

const NAME = 'Iax2 stack';
const samples = new Samples();

/** Calls `work` for a tenth of a second and gives how often it could a second. */
function perSecond(work: () => unknown): number {
  const startMs = performance.now();
  let count = 0;
  while (performance.now() - startMs < 100) for (let i = 0; i < 200; i++, count++) work();
  return count / ((performance.now() - startMs) / 1_000);
}

function measureCodecs(): void {
  const elements = {
    ...{ version: 2, calledNumber: '7123', callingNumber: '201', callingName: 'Front desk', username: 'lyon-01' },
    ...{ capability: 12n, format: 4n, codecPreferences: 'DE', language: 'fr', callToken: new Uint8Array(52) },
  };
  const body = encodeInformationElements(elements);
  const encode = (body: Uint8Array) =>
    encodeFullFrame({ sourceCall: 5, frameType: FRAME_TYPE.IAX, subclass: IAX_SUBCLASS.NEW, body });
  const opening = encode(body);
  const voice = new Uint8Array(160);
  const mini = encodeMiniFrame(5, 20, voice);
  const entries = Array.from({ length: 7 }, (_, i) => ({ sourceCall: 5 + i, timestamp: 20, payload: voice }));
  const trunk = encodeMetaTrunkFrame({ timestamp: 20, withTimestamps: true, entries });
  const reader = new TrunkReader();
  const read = () => {
    reader.begin(trunk);
    while (reader.next());
  };
  samples.add(
    NAME,
    'decode new',
    perSecond(() => {
      const frame = decodeFrame(opening);
      return frame.type === 'full' ? decodeInformationElements(frame.body) : frame;
    }),
  );
  samples.add(
    NAME,
    'encode new',
    perSecond(() => encode(encodeInformationElements(elements))),
  );
  samples.add(
    NAME,
    'decode mini',
    perSecond(() => decodeFrame(mini)),
  );
  samples.add(NAME, 'read trunk', entries.length * perSecond(read));
}

/** All register at once; gives how long it takes until each is, and what that costs both ends. */
async function measureStorm(registrar: string, registrarPid: number): Promise<void> {
  const [startMs, startS, ownS] = [performance.now(), cpuSeconds(registrarPid), cpuSeconds(pid)];
  const peers = Array.from({ length: REGISTRANTS }, (_, i) => ({
    ...{ name: `hq-${i}`, host: registrar, username: `branch-${i}`, secrets: [SECRET], register: { refreshS: 60 } },
  }));
  const branches = await Iax2Node.open({ bind: { ip: loopbackAddress(251), port: 0 }, peers, limits: LIMITS });
  let registered = 0;
  branches.on('registration', ({ status }) => {
    if (status.state === 'registered') registered++;
  });
  await waitUntil('all to be registered', 60_000, () => registered >= REGISTRANTS);
  samples.add(NAME, 'storm', performance.now() - startMs);
  samples.add(NAME, 'registrar cpu', (1_000 * (cpuSeconds(registrarPid) - startS)) / REGISTRANTS);
  samples.add(NAME, 'registrant cpu', (1_000 * (cpuSeconds(pid) - ownS)) / REGISTRANTS);
  await branches.close();
}

/** Calls that talk for five seconds, between two endpoints, one every 50 ms on a virtual clock. */
function measureCalls(seed: number): void {
  const network = new Network(seed, { loss: LOSS, duplication: 0.02, minDelayMs: 10, maxDelayMs: 40 });
  const [here, there] = [
    { ip: '192.0.2.1', port: 4569 },
    { ip: '192.0.2.2', port: 4569 },
  ];
  const a = new Switch(network, here, 2 * seed, { peers: [peer({ name: 'b', host: there.ip, username: 'a' })] });
  const b = new Switch(network, there, 2 * seed + 1, { peers: [peer({ name: 'a', host: here.ip, username: 'b' })] });
  const random = new SeededRandom(seed);
  b.onCall = (call, event, nowMs) => {
    if (event.type === 'incoming') call.answer(nowMs);
  };
  const standing: { readonly call: Call; readonly endMs: number }[] = [];
  let answered = 0;
  a.onCall = (call, event, nowMs) => {
    if (event.type !== 'answered') return;
    answered++;
    standing.push({ call, endMs: nowMs + 5_000 });
  };
  const hangUpDue = () => {
    while (standing[0] !== undefined && standing[0].endMs <= network.nowMs)
      a.with(standing.shift()!.call, (call, nowMs) => call.hangup('normal-clearing', nowMs));
  };
  const startMs = performance.now();
  for (let i = 0; i < CALLS; i++) {
    a.dial('b', String(i));
    network.runFor(random.integer(100));
    hangUpDue();
  }
  for (let second = 0; second < 60; second++) {
    network.runFor(1_000);
    hangUpDue();
  }
  network.runFor(240_000);
  const left = [a, b].map(({ endpoint: { load } }) => load.calls + load.dialogs + load.callNumbers);
  if (left.some((count) => count !== 0)) throw new Error(`after all calls there is something left: ${left.join(', ')}`);
  samples.add(NAME, 'calls', (performance.now() - startMs) / 1_000);
  samples.add(NAME, 'answered', (100 * answered) / CALLS);
}

async function measureFrames(subject: Subject): Promise<void> {
  await subject.start();
  try {
    samples.add(subject.name, 'poke', await frameCostUs(subject));
  } finally {
    await subject.stop();
  }
}

function report(rounds: number): string {
  const row = (title: string, key: string, digits: number) => `| ${title} | ${samples.median(NAME, key, digits)} |`;
  return `# Benchmarks of the IAX2 stack

Written by \`test/bench/iax2-stack.ts\`; do not edit. Node ${version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}.
Median of ${rounds} rounds with the smallest and largest in brackets, on one core, with whatever else ran on the machine.

| | |
|---|---|
${row('NEW with ten elements decoded, per second', 'decode new', 0)}
${row('the same encoded, per second', 'encode new', 0)}
${row('mini frames decoded, per second', 'decode mini', 0)}
${row('voice blocks read out of trunk frames of seven, per second', 'read trunk', 0)}
${row('1,000 registrants at once over loopback: ms until all are registered', 'storm', 0)}
${row('of that CPU of the registrar, ms per registration', 'registrar cpu', 2)}
${row('CPU of the registrants, ms per registration', 'registrant cpu', 2)}
${row('10,000 simulated calls at 20 % loss, both ends: seconds', 'calls', 1)}
${row('of them answered, %', 'answered', 2)}

A whole frame, sockets included: µs of CPU for a POKE that is received and answered with a PONG, 1,000 a second,
after ${WARM_UP_MS / 1_000} s of them.

| | |
|---|---|
${SUBJECTS.map(({ name }) => `| ${name} | ${samples.median(name, 'poke', 1)} |`).join('\n')}

A registration is four round trips: call token, challenge, proof, acknowledgement. Calls that are not answered end because one frame was
lost four times in a row, or because a timer of their set-up ran out meanwhile. After the last one, no call, dialog or call number is left
at either end; the bench fails otherwise. \`test/sim\` holds the same to account from seeds.
`;
}

if (argv[2] === 'registrar') await serveRegistrar(argv[3]!);
else {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
  const rounds = Number(values.rounds);
  const registrar = loopbackAddress(250);
  const child = fork(import.meta.filename, ['registrar', registrar]);
  try {
    await once(child, 'message');
    for (let round = 1; round <= rounds; round++) {
      console.error(`round ${round} of ${rounds}`);
      measureCodecs();
      await measureStorm(registrar, child.pid!);
      measureCalls(round);
      for (const subject of SUBJECTS) await measureFrames(subject);
    }
  } finally {
    child.kill('SIGKILL');
  }
  writeFileSync(join(import.meta.dirname, '../../docs/reference/benchmarks-iax2.md'), report(rounds));
}
