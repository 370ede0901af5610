import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode } from 'node-pcm-codecs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CallerIdModem, modulateCallerId } from '../../firmware-bridge/emulator/caller-id-modulator.ts';
import { resample } from '../../firmware-bridge/emulator/resample.ts';
import { decodeWav, encodeWav } from '../../firmware-bridge/emulator/wav.ts';
import { utf8Encode } from '../../src/base/bytes.ts';
import type { SignalStep } from '../../src/base/line-signal.ts';
import { callerIdDelivery, messageData } from '../../src/lines/caller-id-signal.ts';
import { countryProfile } from '../../src/lines/country-profile.ts';
import { FskReceiver } from '../../src/media/fsk-receiver.ts';
import { SignalGenerator } from '../../src/media/signal-generator.ts';
import { numberDisplayIn } from '../support/number-display.ts';
import { describeWithPeers } from '../support/peers.ts';

const MODEMS: Readonly<Record<CallerIdModem, readonly string[]>> = {
  bell202: ['1200'],
  v23: ['--ascii', '-M', '1300', '-S', '2100', '1200'],
};

describeWithPeers('minimodem, a modem that is not ours', ['minimodem'], () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'branchline-caller-id-'));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (options: readonly string[], input?: Uint8Array) => {
    const result = spawnSync('minimodem', options, { input, timeout: 20_000 });
    expect(result.error, String(result.stderr)).toBeUndefined();
    return result.stdout;
  };

  /** What it makes of a signal of ours. */
  const read = (steps: readonly SignalStep[], modem: CallerIdModem) => {
    const generator = new SignalGenerator('ulaw');
    generator.start(steps);
    const sound: number[] = [];
    const codes = new Uint8Array(80);
    const block = new Int16Array(80);
    while (generator.active) {
      generator.read(codes);
      decode('ulaw', codes, block);
      sound.push(...block);
    }
    const file = join(folder, 'line.wav');
    writeFileSync(
      file,
      encodeWav({ samples: Int16Array.from([...sound, ...new Array<number>(800).fill(0)]), rateHz: 8000 }),
    );
    return run(['--rx', '-q', '-f', file, ...MODEMS[modem]]);
  };

  it('reads the caller ID that the emulated exchange sends', () => {
    const file = join(folder, 'exchange.wav');
    writeFileSync(file, encodeWav({ samples: modulateCallerId('bell202', '0472000099', 'Mairie'), rateHz: 8000 }));
    const read = run(['--rx', '-q', '-f', file, 'callerid']).toString('latin1').replaceAll('-', '');
    expect(read).toMatch(/Phone:\s+0472000099/);
    expect(read).toMatch(/Name:\s+Mairie/);
  });

  it.each(['us', 'fr', 'gb'] as const)('reads the caller ID that a line of %s sends to its telephone', (country) => {
    const { callerId, callerIdDigits } = countryProfile(country)!;
    const time = { month: 11, day: 28, hour: 9, minute: 5 };
    const delivery = callerIdDelivery(callerId, callerIdDigits, { number: '0472000099', name: 'Mairie' }, time);
    const bytes = read(delivery!.steps, country === 'us' ? 'bell202' : 'v23').toString('latin1');
    expect(bytes).toMatch(/\x01.11280905\x02.0472000099\x07.Mairie/s);
  });

  it('reads the frame of Number Display, whole and with its CRC', () => {
    const { callerIdDigits } = countryProfile('jp')!;
    const caller = { number: '0312345678', name: 'Mairie' };
    const { steps } = callerIdDelivery('ntt', callerIdDigits, caller, undefined)!;
    expect(numberDisplayIn(read(steps, 'v23'))).toEqual({ number: '0312345678' });
  });

  it.each(['us', 'fr', 'gb'] as const)('reads that messages wait from what a line of %s sends', (country) => {
    const { steps } = messageData(countryProfile(country)!.callerId, true);
    const bytes = read(steps, country === 'us' ? 'bell202' : 'v23');
    expect(bytes.toString('hex')).toContain('82030b01ff70');
  });

  it.each(['bell202', 'v23'] as const)('sends a caller ID in %s that the town line reads', (modem) => {
    const file = join(folder, `${modem}.wav`);
    const text = (value: string) => [...utf8Encode(value)];
    const message = [0x80, 24, 0x02, 10, ...text('0123456789'), 0x07, 10, ...text('Prefecture')];
    // The byte of ones in front is the marks that a message begins behind.
    const bytes = Uint8Array.from([0xff, ...message, -message.reduce((sum, byte) => sum + byte, 0) & 0xff]);
    // At 48 kHz a bit has a whole number of samples; at 8 kHz minimodem would make it 5 % too long.
    run(['--tx', '-q', '-R', '48000', '-f', file, ...MODEMS[modem]], bytes);
    const wav = decodeWav(readFileSync(file));
    if ('problem' in wav) throw new Error(wav.problem);
    const sound = resample(wav.samples, wav.rateHz, 8000);
    const got: unknown[] = [];
    const receiver = new FskReceiver('alaw', (callerId) => got.push(callerId));
    const line = new Int16Array(Math.ceil((sound.length + 400) / 80) * 80);
    line.set(sound, 160);
    const block = new Uint8Array(80);
    for (let at = 0; at < line.length; at += 80) {
      encode('alaw', line.subarray(at, at + 80), block);
      receiver.process(block);
    }
    expect(got).toEqual([{ number: '0123456789', name: 'Prefecture' }]);
  });
});
