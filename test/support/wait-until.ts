/** A machine with other work, or one that stands still for a moment, gets so many times as long as an idle one needs. */
const PATIENCE = 3;

/**
 * Polls until `condition` gives something other than undefined and false, and gives that. Throws after
 * `PATIENCE` times `timeoutMs` with `what`, and with what `context` says then. For real peers only; everything of ours has a virtual clock.
 */
export async function waitUntil<T>(
  what: string,
  timeoutMs: number,
  condition: () => T | Promise<T>,
  context: () => string = () => '',
): Promise<Exclude<T, undefined | null | false>> {
  const patienceMs = PATIENCE * timeoutMs;
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== null && value !== false) return value as Exclude<T, undefined | null | false>;
    if (performance.now() > deadline) throw new Error(`waited ${patienceMs} ms for ${what}\n${context()}`.trimEnd());
    await pause(25);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
