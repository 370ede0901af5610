import { SILENCE, TRANSCODE } from 'node-pcm-codecs';
import { base64Decode } from '../base/base64.ts';
import type { Law } from '../base/media-port.ts';
import { SPEECH_DATA } from './speech-data.ts';

/** A word or phrase that can be said. */
export type Word = keyof typeof SPEECH_DATA;

const DIGITS: readonly Word[] = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const SAMPLES_PER_MS = 8;
const GAP_MS = 90;
/** Between one matter and the next. */
const PAUSE_MS = 450;

/** A number, address or version as it is read out, digit by digit; what is neither digit nor point is passed over. */
export function spelled(text: string): Word[] {
  return [...text].flatMap((digit) => (digit === '.' ? ['point' as const] : (DIGITS[Number(digit)] ?? [])));
}

/** Whole sentences in one law, block by block. */
export class Speech {
  private readonly codes: Uint8Array;
  private at = 0;

  /** `sentences` are parted by pauses. */
  constructor(
    sentences: readonly (readonly Word[])[],
    private readonly law: Law,
  ) {
    const gap = silence(GAP_MS, law);
    const pause = silence(PAUSE_MS, law);
    const pieces = sentences.flatMap((words) => [...words.flatMap((word) => [codesOf(word, law), gap]), pause]);
    this.codes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let to = 0;
    for (const piece of pieces) {
      this.codes.set(piece, to);
      to += piece.length;
    }
  }

  get durationMs(): number {
    return this.codes.length / SAMPLES_PER_MS;
  }

  /** Fills a block with what comes next; silence behind the end. */
  read(block: Uint8Array): void {
    block.fill(SILENCE[this.law]);
    block.set(this.codes.subarray(this.at, this.at + block.length));
    this.at = Math.min(this.codes.length, this.at + block.length);
  }
}

function codesOf(word: Word, law: Law): Uint8Array {
  const codes = base64Decode(SPEECH_DATA[word])!;
  return law === 'ulaw' ? codes : codes.map((code) => TRANSCODE.ulaw[code]!);
}

function silence(ms: number, law: Law): Uint8Array {
  return new Uint8Array(ms * SAMPLES_PER_MS).fill(SILENCE[law]);
}
