import { writeFileSync } from 'node:fs';
import { decode, encode } from 'node-pcm-codecs';
import { type CallerIdModem, modulateCallerId } from '../../firmware-bridge/emulator/caller-id-modulator.ts';
import type { SignalStep } from '../../src/base/line-signal.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { encodeCallerId } from '../../src/lines/caller-id-message.ts';
import { DtmfDetector } from '../../src/media/dtmf-detector.ts';
import { FskReceiver } from '../../src/media/fsk-receiver.ts';
import { SignalGenerator } from '../../src/media/signal-generator.ts';

/**
 * Measures how surely caller IDs and digits are read through noise, and writes docs/reference/detectors.md.
 *
 *     node -C node-pcm-codecs-source --import tsx test/bench/detectors.ts [messages]
 */
const MESSAGES = Number(process.argv[2] ?? 1000);
const SNR_DB = [20, 15, 12, 10, 8, 6];
const BLOCK = 80;

/** As a line of ours sends it: bits begin where they are due, between two samples. */
function fromLine(modem: CallerIdModem, number: string): Int16Array {
  const bytes = encodeCallerId('mdmf', { number, name: 'Prefecture' }, { month: 11, day: 28, hour: 9, minute: 5 });
  return played([{ kind: 'data', modem, dbm0: -13.5, seizureBits: 300, markBits: 180, bytes }]);
}

function played(steps: readonly SignalStep[]): Int16Array {
  const generator = new SignalGenerator('alaw');
  generator.start(steps);
  const sound: number[] = [];
  const codes = new Uint8Array(BLOCK);
  const block = new Int16Array(BLOCK);
  while (generator.active) {
    generator.read(codes);
    decode('alaw', codes, block);
    sound.push(...block);
  }
  return Int16Array.from(sound);
}

/** The sound behind up to one block of silence, with Gaussian noise so far below it, block by block. */
function* throughNoise(sound: Int16Array, snrDb: number, random: SeededRandom): Generator<Uint8Array> {
  const deviation = Math.sqrt(sound.reduce((sum, it) => sum + it * it, 0) / sound.length) * 10 ** (-snrDb / 20);
  const gaussian = () => {
    const radius = Math.sqrt(-2 * Math.log((random.integer(1_000_000) + 1) / 1_000_001));
    return deviation * radius * Math.cos((2 * Math.PI * random.integer(1_000_000)) / 1_000_000);
  };
  const shift = random.integer(BLOCK);
  const noisy = new Int16Array(Math.ceil((sound.length + shift) / BLOCK + 5) * BLOCK);
  for (const i of noisy.keys()) noisy[i] = Math.max(-32_768, Math.min(32_767, (sound[i - shift] ?? 0) + gaussian()));
  const codes = new Uint8Array(BLOCK);
  for (let at = 0; at < noisy.length; at += BLOCK) {
    encode('alaw', noisy.subarray(at, at + BLOCK), codes);
    yield codes;
  }
}

const SENDERS = {
  'a line of ours': fromLine,
  'the emulated exchange': (modem: CallerIdModem, number: string) => modulateCallerId(modem, number, 'Prefecture'),
};

/** What becomes of that many tries at each ratio: how many were right, and how many something else. */
function row(attempt: (snrDb: number, random: SeededRandom) => 'right' | 'wrong' | 'nothing'): string {
  const cells = SNR_DB.map((snrDb) => {
    const random = new SeededRandom(snrDb);
    const came = Array.from({ length: MESSAGES }, () => attempt(snrDb, random));
    const wrong = came.filter((it) => it === 'wrong').length;
    const right = came.filter((it) => it === 'right').length;
    return wrong === 0 ? String(right) : `${right} (${wrong} wrong)`;
  });
  return cells.join(' | ');
}

function callerId(modulate: (number: string) => Int16Array): string {
  return row((snrDb, random) => {
    const number = String(100_000_000 + random.integer(899_999_999));
    const got: string[] = [];
    const receiver = new FskReceiver('alaw', (message) => got.push(message.number));
    for (const codes of throughNoise(modulate(number), snrDb, random)) receiver.process(codes);
    return got.includes(number) ? 'right' : got.length > 0 ? 'wrong' : 'nothing';
  });
}

/** A number of ten digits, 70 ms each and 70 ms between. */
function digits(): string {
  return row((snrDb, random) => {
    const number = Array.from({ length: 10 }, () => '0123456789*#ABCD'[random.integer(16)]).join('');
    let got = '';
    const onDigitBegin = (digit: string) => {
      got += digit;
    };
    const detector = new DtmfDetector('alaw', { onDigitBegin, onDigitEnd: () => {} });
    const sound = played([{ kind: 'digits', digits: number, onMs: 70, offMs: 70 }]);
    for (const codes of throughNoise(sound, snrDb, random)) detector.process(codes);
    return got === number ? 'right' : /^[0-9A-D*#]+$/.test(got) && got.length >= number.length ? 'wrong' : 'nothing';
  });
}

const head = (first: string) =>
  `| ${first} | ${SNR_DB.map((it) => `${it} dB`).join(' | ')} |\n|${'---|'.repeat(SNR_DB.length + 1)}\n`;
const callerIds = Object.entries(SENDERS).flatMap(([sender, modulate]) =>
  (['bell202', 'v23'] as const).map((modem) => `| ${sender}, ${modem} | ${callerId((it) => modulate(modem, it))} |\n`),
);
writeFileSync(
  'docs/reference/detectors.md',
  `# Accuracy of the detectors

Written by \`test/bench/detectors.ts\`; do not edit. Each figure is how many of ${MESSAGES} came through, in A-law, with Gaussian noise of the whole band of the line
so far below the sound, which begins anywhere in a block.

## Caller ID: whole messages of number, name and time

A message with a wrong checksum is nothing; one in 256 damaged ones has a right one by chance.

${head('sent by')}${callerIds.join('')}
## Digits: whole numbers of ten, 70 ms on and 70 ms off

A digit too many, or another one, counts as wrong; a digit that is missed as not come through. The level of the sound counts its pauses, too: in a digit
the noise is 3 dB further down.

${head('')}| from a telephone | ${digits()} |
`,
);
