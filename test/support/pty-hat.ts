import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Board } from '../../firmware-bridge/emulator/board.ts';
import { BoardHat, type BoardHatOptions } from '../../firmware-bridge/emulator/board-hat.ts';
import { HatSerialPort } from '../../firmware-bridge/serial-port.ts';
import { Counters } from '../../src/base/counters.ts';
import { silentLog } from '../../src/base/log.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { systemClock } from '../../src/io/clock.ts';
import type { MadeHat } from './hat-contract.ts';
import { Pty } from './pty.ts';
import { waitUntil } from './wait-until.ts';

/** Far longer than any kernel takes for a few hundred bytes. */
const WIRE_MS = 10_000;

/**
 * A HAT behind a real pseudo-terminal and the serial port that the appliance opens. Board and host still live on a
 * virtual clock: a block is over when every byte of it has come through the device, however long that takes.
 */
export class PtyHat extends BoardHat {
  readonly port: HatSerialPort;
  private due = 0;
  private sent = 0;
  private arrived: Uint8Array[] = [];
  private arrivedCount = 0;
  private awaited = 0;

  static async open(options: BoardHatOptions & { readonly board: Board }): Promise<PtyHat> {
    const folder = mkdtempSync(join(tmpdir(), 'branchline-pty-'));
    const hat = new PtyHat(options, folder, await Pty.open(join(folder, 'hat')));
    hat.port.start();
    await waitUntil('the serial port', WIRE_MS, () => hat.port.status.isOpen);
    return hat;
  }

  private constructor(
    private readonly parts: BoardHatOptions & { readonly board: Board },
    private readonly folder: string,
    private readonly pty: Pty,
  ) {
    super(parts);
    this.port = new HatSerialPort({
      path: pty.path,
      baud: this.model.baud,
      retryMs: () => 100,
      onOpened: () => {},
      onClosed: () => {},
      onBytes: (bytes) => {
        this.arrived.push(bytes);
        this.arrivedCount += bytes.length;
      },
      clock: systemClock,
      counters: new Counters(),
      log: silentLog,
    });
  }

  tick(nowMs: number): void {
    this.due += this.clock.take(nowMs);
    this.serial.handleOpened(nowMs);
    this.serial.handleTimeout(nowMs);
  }

  /** Lives the blocks that `tick` found due. */
  async settle(nowMs: number): Promise<void> {
    for (; this.due > 0; this.due--) {
      await through(() => this.pty.receivedCount === this.sent);
      for (const bytes of this.pty.take()) this.surroundings.feed(bytes);
      const deeds = this.parts.board.run(this.surroundings.begin());
      this.surroundings.end(deeds);
      this.awaited += deeds.uart.length;
      this.pty.write(deeds.uart);
      await through(() => this.arrivedCount === this.awaited);
      for (const bytes of this.arrived.splice(0)) this.serial.handleBytes(bytes, nowMs);
    }
  }

  async close(): Promise<void> {
    await this.port.close();
    await this.pty.close();
    this.parts.board.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  protected transmit(bytes: Uint8Array): void {
    this.sent += bytes.length;
    this.port.send(bytes);
  }
}

/** As the contract of a HAT wants it. */
export async function openPtyHat(
  options: Pick<BoardHatOptions, 'ports' | 'townLines' | 'exchange' | 'ppm'> & { readonly board: Board },
): Promise<MadeHat> {
  const hat = await PtyHat.open({
    ...options,
    random: new SeededRandom(1),
    counters: new Counters(),
    log: silentLog,
  });
  return { hat, settle: (nowMs) => hat.settle(nowMs), close: () => hat.close() };
}

async function through(done: () => boolean): Promise<void> {
  for (const endMs = performance.now() + WIRE_MS; !done(); await turn()) {
    if (performance.now() > endMs) throw new Error('bytes were lost between the two ends of the pseudo-terminal');
  }
}
