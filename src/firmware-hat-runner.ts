import { MS_PER_BLOCK } from '../firmware-bridge/emulator/board.ts';
import { EmulatorControl } from '../firmware-bridge/emulator/control.ts';
import type { SurroundingsOptions } from '../firmware-bridge/emulator/surroundings.ts';
import { ThreadedHat } from '../firmware-bridge/emulator/threaded-hat.ts';
import type { HatCommand, HatEvent } from '../firmware-bridge/hat-client.ts';
import { whyLost } from '../firmware-bridge/lost-hat.ts';
import type { EmulatorThread } from './emulator-thread.ts';
import { systemClock } from './io/clock.ts';
import { Driver } from './io/driver.ts';
import { systemRandom } from './io/random.ts';
import { linkStatus, type RunningHat, type RunningHatOptions } from './running-hat.ts';
import type { HatStatus } from './status/schema.ts';

const STATISTICS_MS = 5_000;
/** So much of the time that phones should have lived is lost: it is heard. */
const LOST_SHARE = 0.1;

/** The emulated HAT as its shipped firmware on an emulated microcontroller, behind the same link as a real one. */
export class FirmwareHatRunner implements RunningHat {
  readonly emulator: EmulatorControl;
  private readonly hat: ThreadedHat;
  private readonly driver: Driver<HatEvent>;
  private stopAsking: (() => void) | undefined;
  private ended: string | null = null;
  private stalledBefore = 0;
  private isSlow = false;

  constructor(
    around: SurroundingsOptions,
    private readonly thread: EmulatorThread,
    private readonly options: RunningHatOptions,
  ) {
    const { exchange, onEvent, onExchanged, counters, log } = options;
    const hat = new ThreadedHat({ ...around, exchange, random: systemRandom, counters, log }, thread);
    this.hat = hat;
    this.emulator = new EmulatorControl(hat);
    this.driver = new Driver(hat, systemClock, onEvent);
    thread.onDeeds = (deeds) => {
      this.driver.give((nowMs) => hat.handleDeeds(deeds, nowMs));
      onExchanged();
    };
    thread.onEnd = (reason) => {
      this.ended = `The emulator of the firmware has ended: ${reason}.`;
      log('error', 'hat', this.ended);
      this.driver.give((nowMs) => hat.serial.handleClosed(nowMs));
    };
  }

  start(): void {
    this.driver.give((nowMs) => this.hat.tick(nowMs));
    this.askStatistics();
  }

  command(command: HatCommand): void {
    this.driver.give((nowMs) => this.hat.command(command, nowMs));
  }

  get mediaDeadline(): number | undefined {
    return this.ended === null ? this.hat.nextDeadline() : undefined;
  }

  status(): HatStatus {
    const { reason } = this.hat.serial;
    return {
      ...{ port: 'emulator', runs: 'firmware', reason: this.ended ?? (reason === null ? null : whyLost(reason)) },
      ...{ ...linkStatus(this.hat.serial, this.options.counters), stalledBlocks: this.hat.stalledBlocks },
    };
  }

  async stop(): Promise<void> {
    this.stopAsking?.();
    this.driver.stop();
    await this.thread.stop();
  }

  private askStatistics(): void {
    this.driver.give((nowMs) => this.hat.serial.askStatistics(nowMs));
    this.watchSpeed();
    this.stopAsking = systemClock.after(STATISTICS_MS, () => this.askStatistics());
  }

  /** Once when the machine cannot keep up any longer, until it can again. */
  private watchSpeed(): void {
    const { stalledBlocks } = this.hat;
    const lost = ((stalledBlocks - this.stalledBefore) * MS_PER_BLOCK) / STATISTICS_MS;
    this.stalledBefore = stalledBlocks;
    if (lost > LOST_SHARE && !this.isSlow) {
      const share = `${Math.round(lost * 100)} %`;
      this.options.log(
        'warn',
        'hat',
        `This machine is too busy for the emulated firmware: ${share} of the last 5 s were lost. emulator: plain needs less.`,
      );
    }
    this.isSlow = lost > LOST_SHARE;
  }
}
