import { decode, encode, type Law } from 'node-pcm-codecs';
import { type Deeds, DRIVE_BITS, FULL_SHIFT, LINES, MS_PER_BLOCK, SAMPLES } from './board.ts';
import type { TownExchange } from './town-exchange.ts';

/** It rings with 25 Hz. */
const HALF_WAVE_MS = 20;
/** An exchange takes a loop that is open for less for a recall. */
const RECALL_MS = 800;

/**
 * The wires between a town exchange and the DAA module of an emulated board, a millisecond at a time: voltage, polarity and
 * ringing one way, the loop the other, sound both ways.
 */
export class TownWires {
  private readonly loop = new Uint8Array(MS_PER_BLOCK);
  private openForMs = RECALL_MS;
  private ringForMs = 0;
  private readonly said = new Int16Array(SAMPLES);
  private readonly hears = new Int16Array(SAMPLES);
  private readonly codes = new Uint8Array(SAMPLES);

  constructor(
    private readonly port: number,
    readonly exchange: TownExchange,
  ) {}

  /** What the exchange does to the line for one block, with the loop as the board had it in the block before. */
  speak(law: Law, loops: Uint8Array, volts: Uint8Array, captured: Uint8Array): void {
    const { exchange, port } = this;
    for (const [ms, closed] of this.loop.entries()) {
      this.turn(closed === 1);
      const { lineVolts } = exchange;
      for (const _ of exchange.step());
      const ringing = exchange.rings && closed === 0;
      this.ringForMs = ringing ? this.ringForMs + 1 : 0;
      const negative = ringing ? this.ringForMs % (2 * HALF_WAVE_MS) >= HALF_WAVE_MS : exchange.isReversed;
      this.show(ms, negative, lineVolts, closed === 1, loops, volts);
    }
    exchange.exchange(this.said, this.hears);
    encode(law, this.hears, this.codes);
    for (const [i, code] of this.codes.entries()) captured[i * LINES + port - 1] = code;
  }

  /** The same where line 1's telephone hangs on the line and somebody else steps the exchange. */
  watch(loops: Uint8Array, volts: Uint8Array): void {
    const { exchange } = this;
    for (let ms = 0; ms < MS_PER_BLOCK; ms++)
      this.show(ms, exchange.isReversed, exchange.lineVolts, exchange.isSeized, loops, volts);
  }

  /** What the board does to the line in that block. */
  listen({ drives, law, played }: Deeds): void {
    for (const ms of this.loop.keys())
      this.loop[ms] = (drives[ms * LINES + this.port - 1]! & DRIVE_BITS.loop) === 0 ? 0 : 1;
    for (const i of this.codes.keys()) this.codes[i] = played[i * LINES + this.port - 1]!;
    decode(law, this.codes, this.said);
  }

  private turn(closed: boolean): void {
    const { exchange } = this;
    if (closed) {
      const recall = exchange.isSeized && this.openForMs > 0;
      exchange.command(recall ? { type: 'flash', ms: this.openForMs } : { type: 'loop', closed: true });
      this.openForMs = 0;
    } else if (++this.openForMs >= RECALL_MS && exchange.isSeized) exchange.command({ type: 'loop', closed: false });
  }

  private show(
    ms: number,
    negative: boolean,
    lineVolts: number,
    loaded: boolean,
    loops: Uint8Array,
    volts: Uint8Array,
  ): void {
    const bit = 1 << (this.port - 1);
    if (negative) loops[ms]! |= bit;
    if (lineVolts > 3) volts[ms]! |= bit;
    if (lineVolts > 20 && !loaded) volts[ms]! |= bit << FULL_SHIFT;
  }
}
