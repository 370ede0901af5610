import type { Board } from './board.ts';
import { BoardHat, type BoardHatOptions } from './board-hat.ts';

export interface FirmwareHatOptions extends BoardHatOptions {
  readonly board: Board;
  /** What the cable makes of what goes through it; a good one changes nothing. */
  readonly wire?: (bytes: Uint8Array) => Uint8Array;
}

/** Board and host in this thread, a wire between them that takes no time: as fast as it is asked to be. */
export class FirmwareHat extends BoardHat {
  private readonly board: Board;
  private readonly wire: (bytes: Uint8Array) => Uint8Array;
  private cable: 'in' | 'out' = 'in';
  private started = false;

  constructor(options: FirmwareHatOptions) {
    super(options);
    this.board = options.board;
    this.wire = options.wire ?? ((bytes) => bytes);
  }

  /** Pulls the cable out of the host, or puts it back. */
  plug(cable: 'in' | 'out', nowMs: number): void {
    this.cable = cable;
    this.surroundings.cutWire();
    if (cable === 'out') this.serial.handleClosed(nowMs);
    else this.serial.handleOpened(nowMs);
  }

  tick(nowMs: number): void {
    if (!this.started) {
      this.started = true;
      this.serial.handleOpened(nowMs);
    }
    for (let due = this.clock.take(nowMs); due > 0; due--) this.runBlock(nowMs);
    this.serial.handleTimeout(nowMs);
  }

  close(): void {
    this.board.close();
  }

  protected transmit(bytes: Uint8Array): void {
    if (this.cable === 'in') this.surroundings.feed(this.wire(bytes));
  }

  private runBlock(nowMs: number): void {
    const deeds = this.board.run(this.surroundings.begin());
    this.surroundings.end(deeds);
    if (this.cable === 'in') this.serial.handleBytes(this.wire(deeds.uart), nowMs);
  }
}
