import { writeFile } from 'node:fs/promises';
import type { Log } from '../base/log.ts';
import type { Clock } from './clock.ts';

/** The RP2040 wants its RUN low for a few µs; a capacitor on the board wants longer. */
const PULL_MS = 50;

/**
 * A line of the header that pulls something low while 1 stands in a file: the kernel's LED class, which the HAT's overlay
 * gives its reset line to. Works alike on every Pi, needs no library and can be tried with a plain file.
 */
export class ResetLine {
  private pulled = false;

  constructor(
    private readonly path: string,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Pulls it once; a pull that is under way is enough. */
  pull(): void {
    if (this.pulled) return;
    this.pulled = true;
    void this.write('1').then(() => {
      this.clock.after(PULL_MS, () => {
        this.pulled = false;
        void this.write('0');
      });
    });
  }

  private async write(level: '0' | '1'): Promise<void> {
    try {
      await writeFile(this.path, level, { flag: 'r+' });
      if (level === '1') this.log('warn', 'hat', 'The reset line of the HAT was pulled.');
    } catch (error) {
      if (level === '0') return;
      const why = error instanceof Error ? error.message : String(error);
      this.log('warn', 'hat', `The reset line of the HAT cannot be pulled: ${why}.`);
    }
  }
}
