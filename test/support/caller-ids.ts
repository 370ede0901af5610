import { encode, type Law } from 'node-pcm-codecs';
import { type CallerIdMessage, decodeDtmfCallerId } from '../../src/media/caller-id-message.ts';
import { DtmfDetector } from '../../src/media/dtmf-detector.ts';
import { FskReceiver } from '../../src/media/fsk-receiver.ts';

const BLOCK = 80;
/** Silence behind a sound, in which the last bit and the last digit come to their end. */
const TAIL = 400;

/** What a display makes of a sound at 8 kHz: caller IDs in data, then one in digits. */
export function callerIdsIn(sound: Int16Array, law: Law = 'alaw'): CallerIdMessage[] {
  const found: CallerIdMessage[] = [];
  let digits = '';
  const receiver = new FskReceiver(law, (message) => found.push(message));
  const onDigitBegin = (digit: string) => {
    digits += digit;
  };
  const detector = new DtmfDetector(law, { onDigitBegin, onDigitEnd: () => {} });
  const whole = new Int16Array(Math.ceil((sound.length + TAIL) / BLOCK) * BLOCK);
  whole.set(sound);
  const codes = new Uint8Array(BLOCK);
  for (let at = 0; at < whole.length; at += BLOCK) {
    encode(law, whole.subarray(at, at + BLOCK), codes);
    receiver.process(codes);
    detector.process(codes);
  }
  const byDigits = decodeDtmfCallerId(digits);
  return byDigits === undefined ? found : [...found, byDigits];
}
