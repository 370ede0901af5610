import { encode, type Law } from 'node-pcm-codecs';
import { describe, expect, it } from 'vitest';
import { type CallerIdModem, modulateCallerId } from '../../../firmware-bridge/emulator/caller-id-modulator.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import type { CallerIdMessage } from '../../../src/media/caller-id-message.ts';
import { FskReceiver } from '../../../src/media/fsk-receiver.ts';

interface Line {
  readonly law?: Law;
  readonly gainDb?: number;
  /** Signal to noise. */
  readonly snrDb?: number;
  readonly seed?: number;
  /** Samples of silence in front, so that blocks begin anywhere in a bit. */
  readonly shift?: number;
}

function receive(
  sound: Int16Array,
  { law = 'alaw', gainDb = 0, snrDb, seed = 1, shift = 0 }: Line = {},
): CallerIdMessage[] {
  const got: CallerIdMessage[] = [];
  const receiver = new FskReceiver(law, (message) => got.push(message));
  const random = new SeededRandom(seed);
  const whole = new Int16Array(Math.ceil((sound.length + shift + 400) / 80) * 80);
  const gain = 10 ** (gainDb / 20);
  whole.set(
    sound.map((sample) => sample * gain),
    shift,
  );
  const mean = Math.sqrt(sound.reduce((sum, sample) => sum + (sample * gain) ** 2, 0) / sound.length);
  const noise = snrDb === undefined ? 0 : mean * 10 ** (-snrDb / 20) * Math.sqrt(3);
  const block = new Uint8Array(80);
  for (let at = 0; at < whole.length; at += 80) {
    const part = whole.subarray(at, at + 80).map((sample) => sample + noise * (random.integer(20_001) / 10_000 - 1));
    encode(law, part, block);
    receiver.process(block);
  }
  return got;
}

const CALLER = { number: '0472000099', name: 'Mairie de Lyon' };
const sent = (modem: CallerIdModem) => modulateCallerId(modem, CALLER.number, CALLER.name);

describe('caller ID in FSK', () => {
  it.each([
    ['bell202', 'ulaw'],
    ['bell202', 'alaw'],
    ['v23', 'ulaw'],
    ['v23', 'alaw'],
  ] as const)('is read from %s in %s, loud and soft, however it lies in the blocks', (modem, law) => {
    for (const gainDb of [6, 0, -10, -20])
      for (const shift of [0, 1, 13, 40, 79]) expect(receive(sent(modem), { law, gainDb, shift })).toEqual([CALLER]);
  });

  it('is read through noise 20 dB below it', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const number = String(10_000_000 + seed * 7919);
      const modem = seed % 2 === 0 ? 'v23' : 'bell202';
      const got = receive(modulateCallerId(modem, number, `Caller ${seed}`), { snrDb: 20, seed });
      expect(got, `seed ${seed}`).toEqual([{ number, name: `Caller ${seed}` }]);
    }
  });

  it('is read through noise 10 dB below it, but for a few that are nothing', () => {
    let read = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const number = String(10_000_000 + seed * 7919);
      const modem = seed % 2 === 0 ? 'v23' : 'bell202';
      const got = receive(modulateCallerId(modem, number, `Caller ${seed}`), { snrDb: 10, seed });
      if (got.length > 0) expect(got, `seed ${seed}`).toEqual([{ number, name: `Caller ${seed}` }]);
      read += got.length;
    }
    expect(read).toBeGreaterThanOrEqual(194);
  });

  it('says that the number is withheld', () => {
    expect(receive(modulateCallerId('v23', '', ''))).toEqual([{ number: '', name: '' }]);
  });

  it('is nothing when it is cut off or overlaid, and the next one is read', () => {
    const whole = sent('v23');
    for (const share of [0.3, 0.7, 0.95]) expect(receive(whole.subarray(0, whole.length * share))).toEqual([]);
    const broken = whole.slice();
    broken.fill(0, Math.floor(whole.length * 0.7), Math.floor(whole.length * 0.72));
    const twice = new Int16Array(2 * whole.length + 1_600);
    twice.set(broken);
    twice.set(whole, whole.length + 1_600);
    expect(receive(twice)).toEqual([CALLER]);
  });

  it('is not heard in noise, tones and ringing', () => {
    const random = new SeededRandom(5);
    const noise = Int16Array.from({ length: 80_000 }, () => (random.integer(2_001) - 1_000) * 8);
    const tone = Int16Array.from({ length: 40_000 }, (_, i) => 9_000 * Math.sin((2 * Math.PI * 1300 * i) / 8000));
    const ringing = Int16Array.from({ length: 40_000 }, (_, i) => 30_000 * Math.sin((2 * Math.PI * 25 * i) / 8000));
    for (const sound of [noise, tone, ringing]) expect(receive(sound)).toEqual([]);
  });
});
