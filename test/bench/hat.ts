/**
 * Measures the HAT and its link and writes docs/reference/benchmarks-hat.md: how fast the emulators are and what they cost,
 * what the host's end costs, how long a phone waits for its dial tone, and how late its voice is at another phone and at an
 * IAX2 peer. The appliance is the built program behind a real pseudo-terminal, the HAT its firmware as a process in real time;
 * needs socat and gcc.
 *
 *     npm run build && node -C node-pcm-codecs-source --import tsx test/bench/hat.ts [--seconds 20] [--times 40] [--to FILE]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, cpuUsage, version } from 'node:process';
import { parseArgs } from 'node:util';
import { BRANCHLINE_HAT } from '../../board/hat.ts';
import type { Board } from '../../firmware-bridge/emulator/board.ts';
import type { EmulatedHat } from '../../firmware-bridge/emulator/emulated-hat.ts';
import { measureSpeed } from '../../firmware-bridge/emulator/emulator-speed.ts';
import { NativeBoard } from '../../firmware-bridge/emulator/native-board.ts';
import type { Phone } from '../../firmware-bridge/emulator/phone.ts';
import { PlainHat } from '../../firmware-bridge/emulator/plain-hat.ts';
import { systemRandom } from '../../src/io/random.ts';
import { countryProfile } from '../../src/lines/country-profile.ts';
import { Appliance } from '../support/appliance.ts';
import { nativeFirmware, shippedBoard } from '../support/firmware.ts';
import { HatBench, makeFirmwareHat, PORTS } from '../support/hat-bench.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { RawAnswerer } from '../support/raw-answerer.ts';
import { RealTimeHat } from '../support/real-time-hat.ts';
import { pause, waitUntil } from '../support/wait-until.ts';
import { cpuNanoseconds, cpuSeconds, MachineLoad } from './process-cost.ts';

const { values } = parseArgs({
  args: argv.slice(2),
  options: {
    seconds: { type: 'string', default: '20' },
    times: { type: 'string', default: '40' },
    to: { type: 'string', default: join(import.meta.dirname, '../../docs/reference/benchmarks-hat.md') },
  },
});
const seconds = Number(values.seconds);
/** How often each delay is measured. */
const times = Number(values.times);
const APPLIANCE = loopbackAddress(34);
const PEER = loopbackAddress(35);
/** A sound that takes longer is lost: it is missing in the count behind a spread. */
const HEARD_WITHIN_MS = 2_000;
/** Of what a telephone says, where it arrives. */
const SPOKEN_PEAK = 8_000;
/** Bits of a byte on the wire: start, eight, stop. */
const BITS_PER_BYTE = 10;
const rows: [what: string, figure: string][] = [];

/** `12 / 18 / 25`: median, 99th percentile, longest. */
function spread(figures: readonly number[], digits = 0): string {
  const sorted = [...figures].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(digits);
  return `${at(0.5)} / ${at(0.99)} / ${at(1)} (${sorted.length})`;
}

const native = () => new NativeBoard({ program: nativeFirmware('host'), ports: PORTS });

function measureSpeeds(): void {
  const boards: [string, () => Board][] = [
    ['the shipped image on an emulated RP2040', () => shippedBoard(PORTS)],
    ['the core as a process', native],
  ];
  for (const [name, make] of boards) {
    const speeds = Array.from({ length: 5 }, () => measureSpeed(make(), systemRandom, () => performance.now()));
    const sorted = speeds.sort((a, b) => a - b).map((speed) => speed.toFixed(1));
    rows.push([`${name}, four lines with sound: times real time`, `${sorted[2]} (${sorted[0]}–${sorted[4]})`]);
  }
}

/** What one second of the HAT takes of the CPU, phones and the host's end of the link included. */
function measureEmulators(): void {
  const board = native();
  const hats: [string, EmulatedHat & { close?(): void }, number?][] = [
    ['the plain model', new PlainHat({ ports: PORTS, exchange: () => {} })],
    ['the core as a process', makeFirmwareHat({ board }), board.pid],
    ['the shipped image on an emulated RP2040', makeFirmwareHat({ board: shippedBoard(PORTS) })],
  ];
  for (const [name, hat, child] of hats) {
    const used = () => {
      const { user, system } = cpuUsage();
      return { own: (user + system) / 1e6, child: child === undefined ? 0 : cpuNanoseconds(child) / 1e9 };
    };
    const bench = new HatBench(hat).begin('fr');
    // The compiler has to see it at work first.
    bench.live(2_000);
    const before = used();
    bench.live(seconds * 1_000);
    const after = used();
    hat.close?.();
    const [own, core] = [after.own - before.own, after.child - before.child].map((cpu) => (100 * cpu) / seconds);
    const figure =
      child === undefined ? own!.toFixed(1) : `${(own! + core!).toFixed(1)}, of it the core ${core!.toFixed(1)}`;
    rows.push([`${name}, four lines with sound in real time: % of a core`, figure]);
  }
}

/** From an answer to the end of the ringing, by the HAT's own clock; no computer in between can be late. */
function measureRingTrip(): void {
  const bench = new HatBench(makeFirmwareHat({ board: native() })).begin('fr');
  const phone = bench.hat.phone(1)!;
  const { timing, ringCadence } = countryProfile('fr')!;
  const trips: number[] = [];
  for (let i = 0; i < times; i++) {
    bench.hat.command({ type: 'line', port: 1, command: { type: 'configure', timing } }, bench.nowMs);
    bench.hat.command({ type: 'line', port: 1, command: { type: 'ring', cadence: ringCadence } }, bench.nowMs);
    bench.live(1_500 + 130 * (i % 40));
    const liftedMs = bench.nowMs;
    phone.lift();
    const hook = bench.live(1_000).find((event) => event.type === 'line');
    if (hook?.type === 'line') trips.push(hook.mediaTs / 8 - liftedMs);
    phone.putDown();
    bench.live(2_000);
  }
  bench.hat.close();
  rows.push(['ring to trip, in bursts and pauses, by the clock of the HAT: ms', spread(trips)]);
}

async function measureAppliance(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'branchline-bench-'));
  const device = join(folder, 'hat-uart');
  const hat = new RealTimeHat(device, native(), PORTS);
  const lines = PORTS.map((port) => `    - { port: ${port}, kind: fxs, extension: "20${port}", context: office }`);
  const appliance = new Appliance({
    config: `
site: { id: bench, country: fr }
iax2:
  bind: ${APPLIANCE}:4569
  peers:
    far: { type: peer, host: "${PEER}:4569", codecs: [ulaw] }
hat:
  port: ${device}
  lines:
${lines.join('\n')}
dialplan: |
  [office]
  exten => _20X,1,Dial(LINE/\${EXTEN:2},60)
  exten => 300,1,Dial(IAX2/far/1,30)
`,
  });
  try {
    await hat.plugIn();
    await appliance.start();
    await waitUntil('the HAT', 10_000, async () => (await appliance.status()).lines['4']?.state === 'idle');
    await measureDialTone(hat);
    await measurePeer(hat, appliance);
    await measureCalls(hat, appliance);
  } finally {
    await appliance.dispose();
    await hat.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Calls back at each sound that is loud enough, until what it gives is called. */
type Ear = (heard: (atMs: number) => void) => () => void;

const earOf =
  (phone: Phone, peak: number): Ear =>
  (heard) =>
    phone.listen((samples) => {
      if (samples.some((sample) => Math.abs(sample) >= peak)) heard(performance.now());
    });

/** From `act` to the first sound at an ear; undefined when it does not come. */
async function msUntilHeard(ear: Ear, act: () => void): Promise<number | undefined> {
  let stop = (): void => undefined;
  const heard = new Promise<number>((resolve) => {
    stop = ear(resolve);
  });
  const startMs = performance.now();
  act();
  const heardMs = await Promise.race([heard, pause(HEARD_WITHIN_MS)]);
  stop();
  return typeof heardMs === 'number' ? heardMs - startMs : undefined;
}

async function measureDialTone(hat: RealTimeHat): Promise<void> {
  const phone = hat.surroundings.phone(1)!;
  const waits: number[] = [];
  for (let i = 0; i < times; i++) {
    const wait = await msUntilHeard(earOf(phone, 500), () => phone.lift());
    if (wait !== undefined) waits.push(wait);
    phone.putDown();
    await pause(1_500 + 7 * (i % 40));
  }
  const { debounceMs } = countryProfile('fr')!.timing;
  rows.push([`handset lifted to dial tone, ${debounceMs} ms of debouncing included: ms`, spread(waits)]);
}

/** How long what a phone says now and then is under way. */
async function delaysTo(ear: Ear, mouth: Phone): Promise<number[]> {
  const delays: number[] = [];
  for (let i = 0; i < times; i++) {
    const delay = await msUntilHeard(ear, () => mouth.say(new Int16Array(160).fill(20_000)));
    if (delay !== undefined) delays.push(delay);
    // Another place in blocks and frames each time.
    await pause(300 + ((7 * i) % 20));
  }
  return delays;
}

/** A call to an IAX2 peer that answers at once, and hears without a jitter buffer. */
async function measurePeer(hat: RealTimeHat, appliance: Appliance): Promise<void> {
  const peer = await RawAnswerer.open({ ip: PEER, port: 4569 });
  const ear: Ear = (heard) => {
    peer.onVoice = (codes, atMs) => {
      // µ-law has its bits inverted: what is loud has a small code.
      const first = codes.findIndex((code) => (code & 0x7f) < 0x20);
      // Played from its arrival on, the frame comes to that sample so much later.
      if (first >= 0) heard(atMs + first / 8);
    };
    return () => {
      peer.onVoice = () => {};
    };
  };
  const phone = hat.surroundings.phone(1)!;
  const state = async () => (await appliance.status()).lines['1']?.state;
  try {
    phone.lift();
    await waitUntil('dial tone', 10_000, async () => (await state()) === 'dial-tone');
    phone.dialTones('300');
    await waitUntil('the call', 10_000, async () => (await state()) === 'talking');
    await pause(500);
    const delays = await delaysTo(ear, phone);
    rows.push([
      'mouth to ear, line to an IAX2 peer without a jitter buffer, the block of 10 ms and the frame of 20 ms included: ms',
      spread(delays),
    ]);
    phone.putDown();
    await waitUntil('the end', 10_000, async () => (await state()) === 'idle' && peer.endedCount === 1);
  } finally {
    await peer.close();
  }
}

/** Two calls between lines, so that all four carry sound. */
async function measureCalls(hat: RealTimeHat, appliance: Appliance): Promise<void> {
  const phone = (port: number) => hat.surroundings.phone(port)!;
  for (const [from, to] of [
    [1, 2],
    [3, 4],
  ] as const) {
    phone(from).lift();
    await waitUntil('dial tone', 10_000, async () => (await appliance.status()).lines[from]?.state === 'dial-tone');
    phone(from).dialTones(`20${to}`);
    await waitUntil('ringing', 10_000, () => phone(to).bell);
    phone(to).lift();
    await waitUntil('the call', 10_000, async () => (await appliance.status()).lines[from]?.state === 'talking');
  }
  const load = new MachineLoad();
  const before = cpuSeconds(appliance.pid);
  const startMs = performance.now();
  const roundTrips: number[] = [];
  const { up, down } = hat.wireBytes;
  while (performance.now() - startMs < seconds * 1_000) {
    await pause(500);
    roundTrips.push((await appliance.status()).hat!.rttMs ?? 0);
  }
  const cpuPct = (100 * (cpuSeconds(appliance.pid) - before)) / ((performance.now() - startMs) / 1_000);
  const wireSeconds = (performance.now() - startMs) / 1_000;
  const share = (bytes: number) => ((100 * BITS_PER_BYTE * bytes) / wireSeconds / BRANCHLINE_HAT.baud).toFixed(1);
  const shares = `${share(hat.wireBytes.up - up)} / ${share(hat.wireBytes.down - down)}`;
  rows.push([`share of the link of ${BRANCHLINE_HAT.baud / 1e6} Mbaud that four lines use, up / down: %`, shares]);
  rows.push(['the appliance with two calls between lines: % of a core', cpuPct.toFixed(1)]);
  rows.push(['round trip of a ping on the link: ms', spread(roundTrips, 1)]);
  const delays = await delaysTo(earOf(phone(2), SPOKEN_PEAK), phone(1));
  rows.push(['mouth to ear, line to line, blocks of 10 ms of both phones included: ms', spread(delays)]);
  await pause(6_000);
  const { underruns, lateBlocks, crcErrors, hatCrcErrors } = (await appliance.status()).hat!;
  rows.push([
    `of ${hat.livedBlocks} blocks a line since the start: underruns / late / broken frames up / down`,
    [underruns, lateBlocks, crcErrors, hatCrcErrors].join(' / '),
  ]);
  rows.push(['busy meanwhile: % of the machine', load.shares().busyPct.toFixed(0)]);
}

measureSpeeds();
measureEmulators();
measureRingTrip();
await measureAppliance();
const [cpu] = cpus();
writeFileSync(
  values.to,
  `# Benchmarks of the HAT

Written by \`test/bench/hat.ts\`; do not edit. Node ${version}, ${cpus().length} × ${cpu?.model.split(' ').slice(0, 2).join(' ')}, Linux ${release()}.
A spread is median / 99th percentile / longest, and how many were measured. The appliance is the built program; the HAT behind it is
the firmware's core as a process in real time, at the other end of a pseudo-terminal opened by \`serialport\`, which takes no
time for its bytes: a UART of 1 Mbaud adds 3.4 ms to each block of four lines. What the emulators cost is counted over
${seconds} s of virtual time, phones and the host's end of the link included.

| | |
|---|---|
${rows.map(([what, figure]) => `| ${what} | ${figure} |`).join('\n')}
`,
);
for (const [what, figure] of rows) console.log(`${what}: ${figure}`);
