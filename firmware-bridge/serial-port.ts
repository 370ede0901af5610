import type { SerialPort } from 'serialport';
import type { Counters } from '../src/base/counters.ts';
import type { Log } from '../src/base/log.ts';
import type { Clock } from '../src/io/clock.ts';

export interface HatSerialPortOptions {
  /** `/dev/ttyAMA0`. */
  readonly path: string;
  readonly baud: number;
  /** How long to wait for the next attempt after so many failures in a row, 1 or more. */
  readonly retryMs: (failures: number) => number;
  readonly onOpened: () => void;
  /** It was lost, or cannot be opened: at each failure. */
  readonly onClosed: () => void;
  /** In an array that belongs to the receiver. */
  readonly onBytes: (bytes: Uint8Array) => void;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
}

export interface HatSerialPortStatus {
  readonly isOpen: boolean;
  /** Why it is not open, in one sentence; null when it is. */
  readonly reason: string | null;
  /** How often it was opened again after it had been lost. */
  readonly reopenings: number;
}

/** A device that does not come open in this time is tried again. */
const OPEN_MS = 5_000;
/** A HAT that takes no bytes (CTS not wired, or it hangs) must not fill the memory: 80 ms at 1 Mbaud. */
const MAX_UNSENT_BYTES = 8_192;

/**
 * The HAT's serial port: opened, and opened again for ever. A HAT that is pulled out or never was there is a reason in
 * the status, not an end. Only on the main thread: the library ends the process when it is used in a worker.
 */
export class HatSerialPort {
  private port: SerialPort | undefined;
  private attempt = 0;
  private failures = 0;
  private openings = 0;
  private why: string | null = null;
  private wanted = false;
  private cancelTimer: (() => void) | undefined;

  constructor(private readonly options: HatSerialPortOptions) {}

  get status(): HatSerialPortStatus {
    return { isOpen: this.port !== undefined, reason: this.why, reopenings: Math.max(0, this.openings - 1) };
  }

  /** Begins to open it; `onOpened` tells when that has come about. */
  start(): void {
    this.wanted = true;
    void this.open();
  }

  /** Never throws and never waits; what cannot be sent is counted. */
  send(bytes: Uint8Array): void {
    const { port } = this;
    if (port === undefined || port.writableLength > MAX_UNSENT_BYTES) {
      this.options.counters.increment(port === undefined ? 'hat.port-closed' : 'hat.port-full');
      return;
    }
    port.write(bytes);
  }

  async close(): Promise<void> {
    this.wanted = false;
    this.attempt++;
    this.cancelTimer?.();
    const { port } = this;
    this.port = undefined;
    if (port !== undefined) await closed(port);
  }

  private async open(): Promise<void> {
    const attempt = ++this.attempt;
    this.cancelTimer = this.options.clock.after(OPEN_MS, () => this.fail(attempt, 'it does not come open'));
    try {
      const port = await openPort(this.options.path, this.options.baud);
      if (attempt === this.attempt) this.begin(attempt, port);
      else await closed(port);
    } catch (error) {
      this.fail(attempt, plainly(error));
    }
  }

  private begin(attempt: number, port: SerialPort): void {
    const { path, onOpened, onBytes, log } = this.options;
    this.cancelTimer?.();
    this.port = port;
    this.why = null;
    this.failures = 0;
    this.openings++;
    // A plain array: pure code expects `slice` to copy, and a Buffer's does not.
    port.on('data', (chunk: Buffer) => onBytes(new Uint8Array(chunk)));
    port.on('error', (error) => this.lose(attempt, port, plainly(error)));
    port.on('close', () => this.lose(attempt, port, 'the device is gone'));
    log('info', 'hat', `${path} is open.`, { reopenings: this.openings - 1 });
    onOpened();
  }

  private lose(attempt: number, port: SerialPort, why: string): void {
    if (attempt !== this.attempt || this.port !== port) return;
    this.port = undefined;
    void closed(port);
    this.options.counters.increment('hat.port-lost');
    this.fail(attempt, why);
  }

  /** Tries again after a while; each reason is logged once. */
  private fail(attempt: number, why: string): void {
    if (attempt !== this.attempt || !this.wanted) return;
    const { path, retryMs, onClosed, clock, log } = this.options;
    this.attempt++;
    this.failures++;
    const reason = `${path} cannot be used: ${why}.`;
    if (reason !== this.why) log('warn', 'hat', `${reason} It is tried again until it can.`);
    this.why = reason;
    this.cancelTimer?.();
    this.cancelTimer = clock.after(retryMs(this.failures), () => void this.open());
    onClosed();
  }
}

/** The library's own message without what is said already. */
function plainly(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^Error: /, '').replace(/, cannot open .*$/, '');
}

/** Loaded when it is wanted: a box without a HAT needs neither the package nor its memory. */
async function openPort(path: string, baud: number): Promise<SerialPort> {
  const { SerialPort } = await import('serialport');
  return new Promise((resolve, reject) => {
    const port = new SerialPort({ path, baudRate: baud, rtscts: true, autoOpen: false });
    port.open((error) => (error === null ? resolve(port) : reject(error)));
  });
}

/** Also when it is closed already, or cannot be closed. */
function closed(port: SerialPort): Promise<void> {
  return new Promise((resolve) => {
    // What it still says of its end interests nobody, and an error without a listener would end the process.
    port.removeAllListeners('data');
    port.on('error', () => {});
    if (port.isOpen) port.close(() => resolve());
    else resolve();
  });
}
