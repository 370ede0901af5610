/**
 * Mixes rooms of several sizes with both mixers of node-pcm-codecs, three in C and one of the best codec package of npm,
 * all in one process and in turns, and writes docs/reference/benchmarks-mixer.md:
 *
 *     node -C node-pcm-codecs-source --import tsx test/bench/mixer.ts [--rounds 15] [--to FILE]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { version } from 'node:process';
import { parseArgs } from 'node:util';
import alawmulaw from 'alawmulaw';
import koffi from 'koffi';
import { type Law, type Mixer, PlainMixer, SimdMixer } from 'node-pcm-codecs';
import { installPeers } from '../interop/peers/install.ts';
import { Samples } from './samples.ts';

const ROUND_NS = 30e6;
const SIZES = [3, 10, 30, 100, 300];
const SAMPLES = 160;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    to: { type: 'string', default: join(import.meta.dirname, '../../docs/reference/benchmarks-mixer.md') },
  },
});

/** A mixer with a full room of one law. */
interface Room {
  readonly name: string;
  mix(times: number): void;
  /** What the members hear, one block after the other. */
  heard(): Uint8Array;
}

function voices(members: number): Uint8Array {
  return Uint8Array.from({ length: members * SAMPLES }, (_, i) => (Math.imul(i, 2_654_435_761) >>> 9) & 0xff);
}

function ownRoom(name: string, mixer: Mixer, law: Law): Room {
  const said = voices(mixer.members);
  for (let member = 0; member < mixer.members; member++) {
    mixer.setLaw(member, law);
    mixer.input(member).set(said.subarray(member * SAMPLES, (member + 1) * SAMPLES));
  }
  return {
    name,
    mix: (times) => {
      for (let i = 0; i < times; i++) mixer.mix(mixer.members);
    },
    heard: () => Buffer.concat(Array.from({ length: mixer.members }, (_, member) => mixer.output(member))),
  };
}

type MixInC = (law: number, said: Uint8Array, heard: Uint8Array, members: number, rounds: number) => void;

/** For this very processor; and as Debian builds Asterisk, for any. */
const NATIVE = ['-O3', '-march=native'];
const DISTRIBUTED = ['-O2', '-msse4.1'];

const IN_C = [
  ['C tables', 'mix_tables', NATIVE],
  ['C saturated', 'mix_saturated', NATIVE],
  ['C saturated -O2', 'mix_saturated', DISTRIBUTED],
  ['C SSE4.1', 'mix_vectors', NATIVE],
] as const;

function compileC(library: string, flags: readonly string[]): ReturnType<typeof koffi.load> {
  const source = join(import.meta.dirname, 'mixer-peers.c');
  execFileSync('gcc', [...flags, '-shared', '-fPIC', '-Wall', '-Werror', '-o', library, source]);
  const loaded = koffi.load(library);
  loaded.func('void prepare(void)')();
  return loaded;
}

function compilePeers(folder: string): (law: Law, members: number) => Room[] {
  const libraries = new Map([NATIVE, DISTRIBUTED].map((flags, i) => [flags, compileC(join(folder, `${i}.so`), flags)]));
  const functions = IN_C.map(([name, symbol, flags]) => ({
    name,
    mix: libraries.get(flags)!.func(`void ${symbol}(int law, void *in, void *out, int members, int rounds)`) as MixInC,
  }));
  return (law, members) =>
    functions.map(({ name, mix }) => {
      const [said, heard] = [voices(members), new Uint8Array(members * SAMPLES)];
      return {
        name,
        mix: (times) => mix(law === 'ulaw' ? 0 : 1, said, heard, members, times),
        heard: () => heard,
      };
    });
}

/** What a programmer gets from npm: its codec, and sums in a loop. */
function packageRoom(law: Law, members: number): Room {
  const { decode, encode } = law === 'ulaw' ? alawmulaw.mulaw : alawmulaw.alaw;
  const said = voices(members);
  const blocks = Array.from({ length: members }, (_, i) => said.subarray(i * SAMPLES, (i + 1) * SAMPLES));
  const heard = new Uint8Array(members * SAMPLES);
  const mixOnce = () => {
    const samples = blocks.map((block) => decode(block));
    const sum = new Int32Array(SAMPLES);
    for (const block of samples) for (let i = 0; i < SAMPLES; i++) sum[i]! += block[i]!;
    for (const [member, own] of samples.entries()) {
      const others = new Int16Array(SAMPLES);
      for (let i = 0; i < SAMPLES; i++) others[i] = Math.max(-32_768, Math.min(32_767, sum[i]! - own[i]!));
      heard.set(encode(others), member * SAMPLES);
    }
  };
  return {
    name: 'alawmulaw',
    mix: (times) => {
      for (let i = 0; i < times; i++) mixOnce();
    },
    heard: () => heard,
  };
}

/** Nanoseconds for one member's block of 20 ms: decoded, summed, subtracted, encoded. */
function measure(room: Room, members: number): number {
  const start = process.hrtime.bigint();
  let mixes = 0;
  let elapsed = 0;
  do {
    room.mix(20);
    mixes += 20;
    elapsed = Number(process.hrtime.bigint() - start);
  } while (elapsed < ROUND_NS);
  return elapsed / mixes / members;
}

function sharePct(a: Uint8Array, b: Uint8Array): number {
  return (100 * a.reduce((count, code, i) => count + (code === b[i] ? 0 : 1), 0)) / a.length;
}

const OURS = 'SIMD';
const OTHERS = [...IN_C.map(([name]) => name), 'alawmulaw', 'TypeScript'];
/** Those that are not expected to be exact. */
const INEXACT = ['C saturated', 'C saturated -O2', 'alawmulaw'];

const samples = new Samples();
const subject = (law: Law, members: number) => `${law} ${members}`;

function measureRooms(law: Law, members: number, peers: Room[]): void {
  const shape = { members, samples: SAMPLES };
  const rooms = [
    ownRoom(OURS, new SimdMixer(shape), law),
    ...peers,
    packageRoom(law, members),
    ownRoom('TypeScript', new PlainMixer(shape), law),
  ];
  for (const room of rooms) room.mix(20);
  const exact = rooms[0]!.heard();
  for (const room of rooms) {
    const wrongPct = sharePct(exact, room.heard());
    samples.add(subject(law, members), `wrong ${room.name}`, wrongPct);
    if (wrongPct > 0 && !INEXACT.includes(room.name))
      throw new Error(`${room.name} mixes ${law} of ${members} differently`);
  }
  for (let round = 0; round <= Number(values.rounds); round++) {
    const ns = new Map(rooms.map((room) => [room.name, measure(room, members)]));
    // The first round warms up.
    if (round === 0) continue;
    for (const [name, figure] of ns) samples.add(subject(law, members), name, figure);
    for (const name of OTHERS) samples.add(subject(law, members), `ratio ${name}`, ns.get(name)! / ns.get(OURS)!);
  }
}

function table(law: Law): string {
  const cells = (members: number, kind: (name: string) => string, digits: number) =>
    OTHERS.map((name) => samples.median(subject(law, members), kind(name), digits)).join(' | ');
  const rows = SIZES.map((members) => {
    const own = samples.median(subject(law, members), OURS, 0);
    return `| ${members} | ${own} | ${cells(members, (name) => name, 0)} |`;
  });
  const ratios = SIZES.map((members) => `| ${members} | 1 | ${cells(members, (name) => `ratio ${name}`, 2)} |`);
  const wrong = SIZES.map((members) => `| ${members} | 0 | ${cells(members, (name) => `wrong ${name}`, 1)} |`);
  const head = `| members | ${OURS} | ${OTHERS.join(' | ')} |\n|---|---|${OTHERS.map(() => '---').join('|')}|`;
  return `## ${law === 'ulaw' ? 'µ-law' : 'A-law'}

Nanoseconds for one member's 20 ms:

${head}
${rows.join('\n')}

How many times longer than ${OURS}, round by round:

${head}
${ratios.join('\n')}

Codes that differ from the exact mix, %:

${head}
${wrong.join('\n')}`;
}

/** What the compiler had to vectorise with, which WebAssembly has not. */
function vectors(): string {
  const flags = readFileSync('/proc/cpuinfo', 'utf8');
  return /\bavx512bw\b/.test(flags) ? ' (AVX-512)' : /\bavx2\b/.test(flags) ? ' (AVX2)' : '';
}

function report(): string {
  const gcc = execFileSync('gcc', ['-dumpfullversion'], { encoding: 'utf8' }).trim();
  return `# Benchmarks of the mixer

Written by \`test/bench/mixer.ts\`; do not edit. Node ${version}, gcc ${gcc} -O3 -march=native${vectors()}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}.
Medians of ${values.rounds} rounds with the smallest and largest in brackets; all mixers in one process, in turns within each round.

A room in which everybody talks: each member's 160 codes are decoded, added, taken out of the sum again and encoded. *${OURS}* is
node-pcm-codecs in WebAssembly, *TypeScript* its plain twin; *C tables* decodes and encodes by tables with sums of 32 bits, *C saturated*
does the arithmetic of Asterisk's softmix, which adds and subtracts 16 bits with saturation, *-O2* compiled as Debian builds it, for any
processor; *C SSE4.1* is vectorised by hand (\`test/bench/mixer-peers.c\`); *alawmulaw* is the npm package with sums in a loop.

${table('ulaw')}

${table('alaw')}
`;
}

if (installPeers(['gcc'], (line) => console.error(line)).get('gcc')?.state !== 'ready')
  throw new Error('the C mixers need gcc');
const folder = mkdtempSync(join(tmpdir(), 'branchline-mixers-'));
try {
  const peers = compilePeers(folder);
  for (const law of ['ulaw', 'alaw'] as const) {
    for (const members of SIZES) {
      console.error(`${law}, ${members} members`);
      measureRooms(law, members, peers(law, members));
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
writeFileSync(values.to, report());
console.error(`wrote ${values.to}`);
