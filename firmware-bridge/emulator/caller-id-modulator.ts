import { FULL_SCALE_DBM0, SAMPLE_RATE_HZ } from './sound.ts';

/** Which modem a country's exchanges have. */
export type CallerIdModem = 'bell202' | 'v23';

const FREQUENCIES = { bell202: { mark: 1200, space: 2200 }, v23: { mark: 1300, space: 2100 } } as const;
const BAUD = 1200;
const PEAK = 32_768 * 10 ** ((-13.5 - FULL_SCALE_DBM0) / 20);
const SEIZURE_BITS = 300;
const MARK_BITS = 180;
const TRAILER_BITS = 20;

/** A caller ID as an exchange sends it between two rings, multiple-data format. [GR-30-CORE] [EN 300 659-3] */
export function modulateCallerId(modem: CallerIdModem, number: string, name: string): Int16Array {
  return modulate(modem, bitsOf(message(number, name)));
}

function message(number: string, name: string): Uint8Array {
  const parameter = (type: number, text: string) => [
    type,
    text.length,
    ...[...text].map((c) => c.charCodeAt(0) & 0xff),
  ];
  const body = [
    ...parameter(0x01, '01011200'),
    ...(number === '' ? parameter(0x04, 'P') : parameter(0x02, number)),
    ...(name === '' ? [] : parameter(0x07, name.slice(0, 15))),
  ];
  const whole = [0x80, body.length, ...body];
  return Uint8Array.from([...whole, -whole.reduce((sum, byte) => sum + byte, 0) & 0xff]);
}

/** Channel seizure, marks, then each byte with a start and a stop bit, the low bit first. */
function bitsOf(bytes: Uint8Array): boolean[] {
  const bits = Array.from({ length: SEIZURE_BITS }, (_, i) => i % 2 === 1);
  bits.push(...new Array<boolean>(MARK_BITS).fill(true));
  for (const byte of bytes) {
    bits.push(false);
    for (let i = 0; i < 8; i++) bits.push(((byte >> i) & 1) === 1);
    bits.push(true);
  }
  return [...bits, ...new Array<boolean>(TRAILER_BITS).fill(true)];
}

function modulate(modem: CallerIdModem, bits: readonly boolean[]): Int16Array {
  const { mark, space } = FREQUENCIES[modem];
  const samples = new Int16Array(Math.floor((bits.length * SAMPLE_RATE_HZ) / BAUD));
  let phase = 0;
  for (let i = 0; i < samples.length; i++) {
    const hz = bits[Math.floor((i * BAUD) / SAMPLE_RATE_HZ)] === true ? mark : space;
    phase += (2 * Math.PI * hz) / SAMPLE_RATE_HZ;
    samples[i] = PEAK * Math.sin(phase);
  }
  return samples;
}
