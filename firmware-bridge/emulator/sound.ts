export const SAMPLE_RATE_HZ = 8000;

/** A sine that just fills 16 bits. [G.711 §4] */
export const FULL_SCALE_DBM0 = 3.17;

/** Given for silence, since JSON has no −∞. */
export const FLOOR_DBM0 = -90;

/** Level of a stretch of sound, 0.1 dB. */
export function levelDbm0(samples: Int16Array): number {
  let energy = 0;
  for (const sample of samples) energy += sample * sample;
  if (energy === 0) return FLOOR_DBM0;
  const level = 10 * Math.log10((2 * energy) / samples.length / 32_768 ** 2) + FULL_SCALE_DBM0;
  return Math.max(FLOOR_DBM0, tenth(level));
}

export function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
