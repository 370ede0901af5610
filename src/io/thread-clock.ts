/** What this thread's `performance.now()` lacks to the clock that all threads share, ms. */
export function monotonicOffsetMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6 - performance.now();
}
