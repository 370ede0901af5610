/**
 * A call-progress tone as data: what frequencies sound for how long. Country profiles, `Playtones` of the dialplan and
 * the generator in media share it.
 */
export interface TonePattern {
  readonly steps: readonly ToneStep[];
}

export interface ToneStep {
  /** Frequencies that sound together, Hz; empty = silence. */
  readonly hz: readonly number[];
  /** Amplitude modulation, Hz: `400*25`. */
  readonly modulationHz?: number;
  /** How long, ms; 0 = for ever. */
  readonly ms: number;
  /** Played the first time only (`!` in the text form); the loop goes on with the steps that are not. */
  readonly once?: boolean;
}

/**
 * Reads the text form of Asterisk's indications: `440+480/2000,0/4000`, `!350+440/100,!0/100,350+440`.
 * Gives undefined for text that is not a tone.
 */
export function parseTonePattern(text: string): TonePattern | undefined {
  const steps: ToneStep[] = [];
  for (const part of text.split(',')) {
    const match = /^\s*(!?)\s*(\d+)(?:\+(\d+)|\*(\d+))?(?:\/(\d+))?\s*$/.exec(part);
    if (match === null) return undefined;
    const [, bang, first, second, modulation, ms] = match;
    const hz = [Number(first), ...(second === undefined ? [] : [Number(second)])].filter((f) => f > 0);
    if (hz.some((f) => f >= 4000)) return undefined;
    steps.push({
      hz,
      ms: ms === undefined ? 0 : Number(ms),
      ...(modulation === undefined ? {} : { modulationHz: Number(modulation) }),
      ...(bang === '!' ? { once: true } : {}),
    });
  }
  return { steps };
}
