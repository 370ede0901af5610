import type { Appliance } from './appliance.ts';
import { levelDbm0, SAMPLE_RATE_HZ, strongestHz, toneDbm0 } from './audio.ts';
import { waitUntil } from './wait-until.ts';

export interface Tone {
  readonly hz: number;
  /** Its level, to 0.7 dB; any unless told. */
  readonly dbm0?: number;
  /** There is nothing else: the whole is not louder than the tone. */
  readonly isAlone?: true;
  /** For so long without a gap; a second unless told. */
  readonly seconds?: number;
}

/** Waits until the handset at `port` hears this tone as the strongest, which a machine that stands still interrupts. */
export function waitForTone(office: Appliance, port: number, tone: Tone): Promise<true> {
  const { hz, dbm0, isAlone, seconds = 1 } = tone;
  let heard: Int16Array = new Int16Array(SAMPLE_RATE_HZ);
  return waitUntil(
    `line ${port} to hear ${JSON.stringify(tone)}`,
    10_000,
    async () => {
      heard = await office.heard(port, seconds);
      const toneLevel = toneDbm0(heard, hz);
      if (toneLevel < -40 || Math.abs(toneLevel - (dbm0 ?? toneLevel)) >= 0.7) return false;
      if (isAlone && levelDbm0(heard) - toneLevel >= 0.1) return false;
      return Math.abs(strongestHz(heard) - hz) < 0.5;
    },
    () => `${strongestHz(heard)} Hz; the tone ${toneDbm0(heard, hz)} dBm0, all ${levelDbm0(heard)} dBm0`,
  );
}
