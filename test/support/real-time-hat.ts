import { BlockClock } from '../../firmware-bridge/emulator/block-clock.ts';
import type { Board } from '../../firmware-bridge/emulator/board.ts';
import { MS_PER_BLOCK } from '../../firmware-bridge/emulator/board.ts';
import { Surroundings } from '../../firmware-bridge/emulator/surroundings.ts';
import type { TownExchange } from '../../firmware-bridge/emulator/town-exchange.ts';
import { Pty } from './pty.ts';

/** A HAT in real time at the far end of a serial device, as an appliance in another process opens it. */
export class RealTimeHat {
  readonly surroundings: Surroundings;
  private readonly clock = new BlockClock(MS_PER_BLOCK);
  private readonly timer: NodeJS.Timeout;
  private pty: Pty | undefined;
  private firmwareHangs = false;
  private lived = 0;
  private bytesUp = 0;
  private bytesDown = 0;

  constructor(
    /** Where the device appears. */
    readonly path: string,
    private readonly board: Board,
    ports: readonly number[],
    relayLine?: TownExchange,
  ) {
    this.surroundings = new Surroundings({ ports, relayLine });
    this.timer = setInterval(() => this.live(), 2);
  }

  async plugIn(): Promise<void> {
    this.pty = await Pty.open(this.path);
  }

  async pullOut(): Promise<void> {
    const { pty } = this;
    this.pty = undefined;
    this.surroundings.cutWire();
    await pty?.close();
  }

  /** Blocks of 10 ms that the board has lived. */
  get livedBlocks(): number {
    return this.lived;
  }

  /** What went over the wire since the start. */
  get wireBytes(): { readonly up: number; readonly down: number } {
    return { up: this.bytesUp, down: this.bytesDown };
  }

  /** The firmware stops where it is, or goes on. */
  set hangs(hangs: boolean) {
    this.firmwareHangs = hangs;
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.pullOut();
    this.board.close();
  }

  private live(): void {
    for (let due = this.clock.take(performance.now()); due > 0; due--) {
      if (this.firmwareHangs) continue;
      this.lived++;
      for (const bytes of this.pty?.take() ?? []) {
        this.bytesDown += bytes.length;
        this.surroundings.feed(bytes);
      }
      const deeds = this.board.run(this.surroundings.begin());
      this.surroundings.end(deeds);
      this.bytesUp += deeds.uart.length;
      this.pty?.write(deeds.uart);
    }
  }
}
