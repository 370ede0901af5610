import { pause } from '../support/wait-until.ts';

export const FRAME_MS = 20;

/** Calls `say` for each frame of each of `count` speakers when it is due, until `endMs`; their frames are spread over 20 ms. */
export async function speak(
  count: number,
  endMs: number,
  say: (speaker: number, frame: number) => void,
): Promise<void> {
  const startMs = performance.now();
  for (let next = 0; performance.now() < endMs; ) {
    const dueMs = performance.now() - startMs;
    for (; (next * FRAME_MS) / count <= dueMs; next++) say(next % count, Math.floor(next / count));
    await pause(1);
  }
}
