import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the kernel tells of the machine in files; `root` is `/` but in tests. Null wherever it does not tell. */
export class MachineFiles {
  constructor(private readonly root = '/') {}

  /** Of the processor, °C, as on every Raspberry Pi. */
  temperatureC(): number | null {
    const millidegrees = this.number('sys/class/thermal/thermal_zone0/temp');
    return millidegrees === null ? null : Math.round(millidegrees / 100) / 10;
  }

  /** Whether the supply is too weak or the processor slowed down: the firmware's own flags on a Raspberry Pi. */
  power(): Power | null {
    const flags = this.text('sys/devices/platform/soc/soc:firmware/get_throttled');
    if (flags !== undefined && /^[0-9a-f]+$/i.test(flags)) return fromFlags(Number.parseInt(flags, 16));
    const alarm = this.supplyAlarm();
    if (alarm === null) return null;
    return { undervoltage: alarm, undervoltageSinceBoot: null, throttled: null, throttledSinceBoot: null };
  }

  /** Whether systemd-timesyncd has set the clock since the boot; null where another does that, or nobody. */
  isClockSynchronised(): boolean | null {
    const folder = join(this.root, 'run/systemd/timesync');
    return existsSync(folder) ? existsSync(join(folder, 'synchronized')) : null;
  }

  /** Of the driver `rpi_volt`, where the firmware's flags are not to be had. */
  private supplyAlarm(): boolean | null {
    const folder = join(this.root, 'sys/class/hwmon');
    for (const name of existsSync(folder) ? readdirSync(folder) : []) {
      if (this.text(`sys/class/hwmon/${name}/name`) !== 'rpi_volt') continue;
      const alarm = this.number(`sys/class/hwmon/${name}/in0_lcrit_alarm`);
      if (alarm !== null) return alarm === 1;
    }
    return null;
  }

  private number(path: string): number | null {
    const text = this.text(path);
    return text === undefined || text === '' || !Number.isFinite(Number(text)) ? null : Number(text);
  }

  private text(path: string): string | undefined {
    try {
      return readFileSync(join(this.root, path), 'utf8').trim();
    } catch {
      return undefined;
    }
  }
}

export interface Power {
  readonly undervoltage: boolean | null;
  readonly undervoltageSinceBoot: boolean | null;
  readonly throttled: boolean | null;
  readonly throttledSinceBoot: boolean | null;
}

/** Bits of `get_throttled`: 0 under-voltage, 1 frequency capped, 2 throttled, 3 soft limit of temperature; 16 bits up since the boot. */
function fromFlags(flags: number): Power {
  const any = (mask: number) => (flags & mask) !== 0;
  return {
    undervoltage: any(0x1),
    undervoltageSinceBoot: any(0x1_0001),
    throttled: any(0xe),
    throttledSinceBoot: any(0xe_000e),
  };
}
