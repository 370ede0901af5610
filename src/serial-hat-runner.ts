import { BRANCHLINE_HAT } from '../board/hat.ts';
import type { HatCommand, HatEvent } from '../firmware-bridge/hat-client.ts';
import { whyLost } from '../firmware-bridge/lost-hat.ts';
import { SerialHat } from '../firmware-bridge/serial-hat.ts';
import { HatSerialPort } from '../firmware-bridge/serial-port.ts';
import { backoffMs } from './io/backoff.ts';
import { systemClock } from './io/clock.ts';
import { Driver } from './io/driver.ts';
import { systemRandom } from './io/random.ts';
import { ResetLine } from './io/reset-line.ts';
import { linkStatus, type RunningHat, type RunningHatOptions } from './running-hat.ts';
import type { HatStatus } from './status/schema.ts';

/** A HAT that was plugged in again serves its lines within 3 s: it is looked for more often than that. */
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 1_000;
const STATISTICS_MS = 5_000;

export interface SerialHatRunnerOptions extends RunningHatOptions {
  /** The serial device. */
  readonly path: string;
  /** What pulls the HAT's reset line when it is written to. */
  readonly resetPath: string;
}

/** A real HAT on a serial port. */
export class SerialHatRunner implements RunningHat {
  readonly emulator = undefined;
  readonly mediaDeadline = undefined;
  private readonly hat: SerialHat;
  private readonly port: HatSerialPort;
  private readonly driver: Driver<HatEvent>;
  private stopAsking: (() => void) | undefined;

  constructor(private readonly options: SerialHatRunnerOptions) {
    const { path, exchange, onEvent, onExchanged, counters, log } = options;
    const reset = new ResetLine(options.resetPath, systemClock, log);
    this.hat = new SerialHat({
      exchange,
      transmit: (bytes) => this.port.send(bytes),
      reset: () => reset.pull(),
      random: systemRandom,
      counters,
      log,
    });
    this.driver = new Driver(this.hat, systemClock, onEvent);
    this.port = new HatSerialPort({
      path,
      baud: BRANCHLINE_HAT.baud,
      retryMs: (failures) => backoffMs(failures, systemRandom, FIRST_RETRY_MS, LAST_RETRY_MS),
      onOpened: () => this.driver.give((nowMs) => this.hat.handleOpened(nowMs)),
      onClosed: () => this.driver.give((nowMs) => this.hat.handleClosed(nowMs)),
      onBytes: (bytes) => {
        this.driver.give((nowMs) => this.hat.handleBytes(bytes, nowMs));
        onExchanged();
      },
      clock: systemClock,
      counters,
      log,
    });
  }

  start(): void {
    this.port.start();
    this.askStatistics();
  }

  command(command: HatCommand): void {
    this.driver.give((nowMs) => this.hat.command(command, nowMs));
  }

  status(): HatStatus {
    const { isOpen, reason, reopenings } = this.port.status;
    const why = this.hat.reason;
    return {
      port: this.options.path,
      runs: 'hardware',
      ...linkStatus(this.hat, this.options.counters),
      reason: isOpen ? (why === null ? null : whyLost(why)) : (reason ?? 'The port is being opened.'),
      reopenings,
    };
  }

  async stop(): Promise<void> {
    this.stopAsking?.();
    this.driver.stop();
    await this.port.close();
  }

  private askStatistics(): void {
    this.driver.give((nowMs) => this.hat.askStatistics(nowMs));
    this.stopAsking = systemClock.after(STATISTICS_MS, () => this.askStatistics());
  }
}
