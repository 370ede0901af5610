import { decodeSample, type Law, PEAK_AT_0_DBM0 } from 'node-pcm-codecs';

/** Louder than the hiss of a line at rest, softer than anybody who speaks. */
const SILENCE_DBM0 = -50;
const BLOCK_MS = 10;
const MINUTE_BLOCKS = 60_000 / BLOCK_MS;

/** Counts for how long neither end of a line has said anything; tells it once a minute. */
export class SilenceWatch {
  /** Whether a code is loud, by the code. */
  private readonly loud: Uint8Array;
  private blocks = 0;

  constructor(
    law: Law,
    private readonly onSilence: (forMs: number) => void,
  ) {
    const peak = PEAK_AT_0_DBM0[law] * 10 ** (SILENCE_DBM0 / 20);
    this.loud = Uint8Array.from({ length: 256 }, (_, code) => (Math.abs(decodeSample(law, code)) > peak ? 1 : 0));
  }

  /** One block of 10 ms: what the line says, and what it hears. */
  process(up: Uint8Array, down: Uint8Array): void {
    if (this.isLoud(up) || this.isLoud(down)) {
      this.blocks = 0;
      return;
    }
    if (++this.blocks % MINUTE_BLOCKS === 0) this.onSilence(this.blocks * BLOCK_MS);
  }

  private isLoud(block: Uint8Array): boolean {
    for (let i = 0; i < block.length; i++) if (this.loud[block[i]!] === 1) return true;
    return false;
  }
}
