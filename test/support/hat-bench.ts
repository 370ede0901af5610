import type { EmulatedHat } from '../../firmware-bridge/emulator/emulated-hat.ts';
import { FirmwareHat, type FirmwareHatOptions } from '../../firmware-bridge/emulator/firmware-hat.ts';
import { NativeBoard } from '../../firmware-bridge/emulator/native-board.ts';
import type { HatEvent } from '../../firmware-bridge/hat-client.ts';
import { Counters } from '../../src/base/counters.ts';
import { silentLog } from '../../src/base/log.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { countryProfile } from '../../src/lines/country-profile.ts';
import { nativeFirmware } from './firmware.ts';

export const PORTS = [1, 2, 3, 4];

/** The firmware built for this machine, a phone on every line. */
export function makeFirmwareHat(options: Partial<FirmwareHatOptions> = {}): FirmwareHat {
  const board = options.board ?? new NativeBoard({ program: nativeFirmware('sanitized'), ports: PORTS });
  const random = new SeededRandom(1);
  const made = { ports: PORTS, exchange: () => {}, random, counters: new Counters(), log: silentLog };
  return new FirmwareHat({ ...made, ...options, board });
}

/** A HAT and its time, which moves when told. */
export class HatBench<Hat extends EmulatedHat> {
  nowMs = 0;

  constructor(readonly hat: Hat) {
    hat.tick(0);
  }

  live(ms: number): HatEvent[] {
    const events: HatEvent[] = [];
    for (const end = this.nowMs + ms; this.nowMs < end; ) {
      this.hat.tick((this.nowMs += 10));
      for (let event = this.hat.poll(); event !== undefined; event = this.hat.poll()) events.push(event);
    }
    return events;
  }

  /** Waits for the hello; then every line is configured and carries sound. */
  begin(country = 'fr'): this {
    for (let waited = 0; !this.live(100).some(({ type }) => type === 'hello'); waited++)
      if (waited > 50) throw new Error('no hello within 5 s');
    return this.serve(country);
  }

  serve(country: string): this {
    this.hat.command({ type: 'audio', ports: PORTS, law: 'alaw' }, this.nowMs);
    const { timing } = countryProfile(country)!;
    for (const port of PORTS)
      this.hat.command({ type: 'line', port, command: { type: 'configure', timing } }, this.nowMs);
    this.live(100);
    return this;
  }
}
