import { BasePeripheral, type RP2040 } from 'rp2040js';

const FIFO_WORDS = 4;
const DREQ_TX0 = 0;
const DREQ_RX0 = 4;
const IDLE_FRAME = 0xffff_ffff;
const FRAME_NANOS = 125_000;

const CTRL = 0x00;
const TXF0 = 0x10;
const TXF1 = 0x14;
const RXF0 = 0x20;
const INSTR_MEM0 = 0x48;
const INSTR_MEM_END = 0xc8;

/** What a state machine was told to do. */
export interface PioProgram {
  readonly instructions: readonly number[];
  readonly clockDivider: number;
  readonly execControl: number;
  readonly shiftControl: number;
  readonly pinControl: number;
}

/** The program of the PCM highway that the frame-level model stands for; a test steps it bit by bit. */
const HIGHWAY: PioProgram = {
  instructions: [
    0x7c01, 0x5301, 0xe03e, 0x6c01, 0x4301, 0x0043, 0xec3d, 0x8400, 0xac42, 0xa342, 0x0048, 0xac2b, 0x8480,
  ],
  clockDivider: 20 << 16,
  execControl: 12 << 12,
  shiftControl: 0,
  pinControl: (2 << 29) | (1 << 20) | (29 << 15) | (26 << 10) | 28,
};

/**
 * PIO0 a frame at a time: state machine 0 is the PCM highway, one word each way every 125 us; state machine 1 is the chain
 * of LEDs. Stepping every bit would take longer than real time, so the model insists on the program that it stands for.
 */
export class Rp2040Pio extends BasePeripheral {
  private readonly registers = new Map<number, number>();
  private readonly toLines: number[] = [];
  private readonly fromLines: number[] = [];
  private running = false;
  private nextFrame: number | undefined;
  private readonly frameAlarm;

  constructor(
    rp2040: RP2040,
    /** One frame of the highway: takes what goes to the lines, gives what comes from them, line 1 in the highest byte. */
    private readonly exchange: (toLines: number) => number,
    /** One LED of the chain: green, red, blue in the highest three bytes. */
    private readonly showLed: (word: number) => void,
  ) {
    super(rp2040, 'PIO0');
    this.frameAlarm = rp2040.clock.createAlarm(() => this.runFrame());
    rp2040.dma.setDREQ(DREQ_TX0);
  }

  /** What the firmware told state machine 0. */
  get highway(): PioProgram {
    const { registers } = this;
    const instructions = HIGHWAY.instructions.map((_, i) => registers.get(INSTR_MEM0 + 4 * i) ?? 0);
    const at = (offset: number) => registers.get(offset) ?? 0;
    const [clockDivider, execControl, shiftControl] = [at(0xc8), at(0xcc), at(0xd0)];
    return { instructions, clockDivider, execControl, shiftControl, pinControl: at(0xdc) };
  }

  override readUint32(offset: number): number {
    if (offset === RXF0) return this.readFrame();
    return this.registers.get(offset) ?? 0;
  }

  override writeUint32(offset: number, value: number): void {
    if (offset === TXF0) this.writeFrame(value >>> 0);
    else if (offset === TXF1) this.showLed(value >>> 0);
    else this.registers.set(offset, offset >= INSTR_MEM0 && offset < INSTR_MEM_END ? value & 0xffff : value);
    if (offset === CTRL && (value & 1) !== 0) this.start();
  }

  private start(): void {
    if (this.running) return;
    if (JSON.stringify(this.highway) !== JSON.stringify(HIGHWAY))
      throw new Error(`The PCM highway runs another program than the emulator knows: ${JSON.stringify(this.highway)}`);
    this.running = true;
    this.frameAlarm.schedule(FRAME_NANOS);
  }

  private runFrame(): void {
    this.frameAlarm.schedule(FRAME_NANOS);
    // A word is pulled at the end of the frame before the one that carries it.
    const fromLines = this.exchange(this.nextFrame ?? IDLE_FRAME);
    this.nextFrame = this.toLines.shift();
    this.rp2040.dma.setDREQ(DREQ_TX0);
    if (this.fromLines.length < FIFO_WORDS) this.fromLines.push(fromLines);
    this.rp2040.dma.setDREQ(DREQ_RX0);
  }

  private writeFrame(word: number): void {
    if (this.toLines.length < FIFO_WORDS) this.toLines.push(word);
    if (this.toLines.length === FIFO_WORDS) this.rp2040.dma.clearDREQ(DREQ_TX0);
  }

  private readFrame(): number {
    const word = this.fromLines.shift() ?? 0;
    if (this.fromLines.length === 0) this.rp2040.dma.clearDREQ(DREQ_RX0);
    return word;
  }
}
