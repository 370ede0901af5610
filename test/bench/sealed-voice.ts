/**
 * What encryption costs per mini frame of G.711, closing and opening, and what it leaves for the garbage collector:
 *
 *     node -C node-pcm-codecs-source --expose-gc --import tsx test/bench/sealed-voice.ts
 */

import { FrameCipher } from '../../src/iax2/encryption.ts';
import { encodeMiniFrame } from '../../src/iax2/frame.ts';
import { isMalformed } from '../../src/iax2/malformed.ts';
import { nodeCrypto } from '../../src/io/node-crypto.ts';

const FRAMES = 50_000;
const cipher = new FrameCipher(nodeCrypto, nodeCrypto.randomBytes(16));
const mini = encodeMiniFrame(5, 20, new Uint8Array(160).fill(0x55));

function run(): { closeUs: number; openUs: number } {
  let sealed = mini;
  const startMs = performance.now();
  for (let i = 0; i < FRAMES; i++) sealed = cipher.encrypt(mini);
  const closedMs = performance.now();
  for (let i = 0; i < FRAMES; i++) if (isMalformed(cipher.decrypt(sealed, 0))) throw new Error('undecipherable');
  const openedMs = performance.now();
  return { closeUs: ((closedMs - startMs) * 1000) / FRAMES, openUs: ((openedMs - closedMs) * 1000) / FRAMES };
}

run();
const rounds = Array.from({ length: 5 }, run);
const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;
const closeUs = median(rounds.map((round) => round.closeUs));
const openUs = median(rounds.map((round) => round.openUs));
console.log(`closing  ${closeUs.toFixed(1)} µs per frame`);
console.log(`opening  ${openUs.toFixed(1)} µs per frame`);
console.log(`a call   ${((closeUs + openUs) * 50 * 1e-4).toFixed(2)} % of one core`);
