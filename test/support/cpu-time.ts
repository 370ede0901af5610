/**
 * CPU time of this process since it was called, in ms. For what must not grow out of bounds: unlike the time on the wall it
 * is the same on a machine that has other things to do.
 */
export function cpuTimer(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  };
}
