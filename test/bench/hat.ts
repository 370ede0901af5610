/**
 * Measures the HAT and its link and writes docs/reference/benchmarks-hat.md: how fast the emulators are, what the host's
 * end costs, and how long a phone waits for its dial tone. The appliance is the built program behind a real
 * pseudo-terminal, the HAT its firmware as a process in real time; needs socat and gcc.
 *
 *     npm run build && node -C development --import tsx test/bench/hat.ts [--seconds 20]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, version } from 'node:process';
import { parseArgs } from 'node:util';
import { BRANCHLINE_HAT } from '../../board/hat.ts';
import type { Board } from '../../firmware-bridge/emulator/board.ts';
import { measureSpeed } from '../../firmware-bridge/emulator/emulator-speed.ts';
import { NativeBoard } from '../../firmware-bridge/emulator/native-board.ts';
import type { Phone } from '../../firmware-bridge/emulator/phone.ts';
import { systemRandom } from '../../src/io/random.ts';
import { countryProfile } from '../../src/lines/country-profile.ts';
import { Appliance } from '../support/appliance.ts';
import { nativeFirmware, shippedBoard } from '../support/firmware.ts';
import { HatBench, makeFirmwareHat, PORTS } from '../support/hat-bench.ts';
import { RealTimeHat } from '../support/real-time-hat.ts';
import { pause, waitUntil } from '../support/wait-until.ts';
import { cpuSeconds, MachineLoad } from './process-cost.ts';

const { values } = parseArgs({
  args: argv.slice(2),
  options: {
    seconds: { type: 'string', default: '20' },
    to: { type: 'string', default: join(import.meta.dirname, '../../docs/reference/benchmarks-hat.md') },
  },
});
const seconds = Number(values.seconds);
/** A sound that takes longer is lost: it is missing in the count behind a spread. */
const HEARD_WITHIN_MS = 2_000;
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

/** From an answer to the end of the ringing, by the HAT's own clock; no computer in between can be late. */
function measureRingTrip(): void {
  const bench = new HatBench(makeFirmwareHat({ board: native() })).begin('fr');
  const phone = bench.hat.phone(1)!;
  const { timing, ringCadence } = countryProfile('fr')!;
  const trips: number[] = [];
  for (let i = 0; i < 40; i++) {
    bench.hat.command({ type: 'line', port: 1, command: { type: 'configure', timing } }, bench.nowMs);
    bench.hat.command({ type: 'line', port: 1, command: { type: 'ring', cadence: ringCadence } }, bench.nowMs);
    bench.live(1_500 + 130 * i);
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
hat:
  port: ${device}
  lines:
${lines.join('\n')}
dialplan: |
  [office]
  exten => _20X,1,Dial(LINE/\${EXTEN:2},60)
`,
  });
  try {
    await hat.plugIn();
    await appliance.start();
    await waitUntil('the HAT', 10_000, async () => (await appliance.status()).lines['4']?.state === 'idle');
    await measureDialTone(hat);
    await measureCalls(hat, appliance);
  } finally {
    await appliance.dispose();
    await hat.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** From `act` to the first sound as loud as `peak` at a telephone; undefined when it does not come. */
async function msUntilHeard(phone: Phone, peak: number, act: () => void): Promise<number | undefined> {
  let stop = (): void => undefined;
  const heard = new Promise<number>((resolve) => {
    stop = phone.listen((samples) => {
      if (samples.some((sample) => Math.abs(sample) >= peak)) resolve(performance.now());
    });
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
  for (let i = 0; i < 40; i++) {
    const wait = await msUntilHeard(phone, 500, () => phone.lift());
    if (wait !== undefined) waits.push(wait);
    phone.putDown();
    await pause(1_500 + 7 * i);
  }
  const { debounceMs } = countryProfile('fr')!.timing;
  rows.push([`handset lifted to dial tone, ${debounceMs} ms of debouncing included: ms`, spread(waits)]);
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
  const delays: number[] = [];
  for (let i = 0; i < 25; i++) {
    const delay = await msUntilHeard(phone(2), 8_000, () => phone(1).say(new Int16Array(160).fill(20_000)));
    if (delay !== undefined) delays.push(delay);
    await pause(300);
  }
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
measureRingTrip();
await measureAppliance();
const [cpu] = cpus();
writeFileSync(
  values.to,
  `# Benchmarks of the HAT

Written by \`test/bench/hat.ts\`; do not edit. Node ${version}, ${cpus().length} × ${cpu?.model.split(' ').slice(0, 2).join(' ')}, Linux ${release()}.
A spread is median / 99th percentile / longest, and how many were measured. The appliance is the built program; the HAT behind it is
the firmware's core as a process in real time, at the other end of a pseudo-terminal opened by \`serialport\`, which takes no
time for its bytes: a UART of 1 Mbaud adds 3.4 ms to each block of four lines.

| | |
|---|---|
${rows.map(([what, figure]) => `| ${what} | ${figure} |`).join('\n')}
`,
);
for (const [what, figure] of rows) console.log(`${what}: ${figure}`);
