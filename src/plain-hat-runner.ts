import { EmulatorControl } from '../firmware-bridge/emulator/control.ts';
import { PlainHat } from '../firmware-bridge/emulator/plain-hat.ts';
import type { SurroundingsOptions } from '../firmware-bridge/emulator/surroundings.ts';
import type { HatCommand, HatEvent } from '../firmware-bridge/hat-client.ts';
import { systemClock } from './io/clock.ts';
import { Driver } from './io/driver.ts';
import type { RunningHat, RunningHatOptions } from './running-hat.ts';
import type { HatStatus } from './status/schema.ts';

/** The emulated HAT as a model of what its firmware does: next to no cost, on any machine. */
export class PlainHatRunner implements RunningHat {
  readonly emulator: EmulatorControl;
  private readonly hat: PlainHat;
  private readonly driver: Driver<HatEvent>;

  constructor(around: SurroundingsOptions, { exchange, onEvent, onExchanged }: RunningHatOptions) {
    const hat = new PlainHat({ ...around, exchange });
    this.hat = hat;
    this.emulator = new EmulatorControl(hat);
    this.driver = new Driver(
      {
        handleTimeout: (nowMs) => {
          hat.tick(nowMs);
          onExchanged();
        },
        poll: () => hat.poll(),
        nextDeadline: () => hat.nextDeadline(),
      },
      systemClock,
      onEvent,
    );
  }

  start(): void {
    this.driver.give((nowMs) => this.hat.tick(nowMs));
  }

  command(command: HatCommand): void {
    this.hat.command(command);
  }

  get mediaDeadline(): number {
    return this.hat.nextDeadline();
  }

  status(): HatStatus {
    return {
      ...{ port: 'emulator', runs: 'plain-model', up: true, reason: null, board: this.hat.model.name, firmware: null },
      ...{ rttMs: null, crcErrors: 0, resyncs: 0, repeats: 0, resets: 0, resetLine: 0, reopenings: 0 },
      ...{ underruns: null, lateBlocks: null, stalledBlocks: this.hat.stalledBlocks, hatCrcErrors: null },
    };
  }

  async stop(): Promise<void> {
    this.driver.stop();
  }
}
