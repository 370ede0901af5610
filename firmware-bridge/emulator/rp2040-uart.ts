import { BasePeripheral, type RP2040 } from 'rp2040js';

const FIFO_BYTES = 32;
const BITS_PER_BYTE = 10;
const DREQ_TX = 20;
const DREQ_RX = 21;

const DR = 0x00;
const IBRD = 0x24;
const FBRD = 0x28;
const RIS = 0x3c;
const ICR = 0x44;
const OVERRUN = 1 << 10;

/**
 * A PL011 on its wire: every byte takes its time, FIFOs have their size, DMA is asked for what fits. The library's own has
 * no timing and asks for no DMA.
 */
export class Rp2040Uart extends BasePeripheral {
  private readonly registers = new Map<number, number>();
  private readonly sending: number[] = [];
  private readonly received: number[] = [];
  private readonly arriving: number[] = [];
  private arrivingAt = 0;
  private sent: number[] = [];
  private overrun = false;
  private busySending = false;
  private busyArriving = false;
  private readonly sendAlarm;
  private readonly arriveAlarm;

  constructor(rp2040: RP2040) {
    super(rp2040, 'UART0');
    this.sendAlarm = rp2040.clock.createAlarm(() => this.finishSending());
    this.arriveAlarm = rp2040.clock.createAlarm(() => this.finishArriving());
    rp2040.dma.setDREQ(DREQ_TX);
  }

  get baud(): number {
    const divider = (this.registers.get(IBRD) ?? 0) + (this.registers.get(FBRD) ?? 0) / 64;
    return this.rp2040.clkPeri / (16 * divider);
  }

  /** Bytes from the host begin to arrive. */
  feed(bytes: Uint8Array): void {
    for (const byte of bytes) this.arriving.push(byte);
    this.startArriving();
  }

  /** What has left the wire since the last call. */
  takeSent(): Uint8Array {
    const sent = Uint8Array.from(this.sent);
    this.sent = [];
    return sent;
  }

  override readUint32(offset: number): number {
    if (offset === DR) return this.readByte();
    if (offset === RIS) return this.overrun ? OVERRUN : 0;
    return this.registers.get(offset) ?? 0;
  }

  override writeUint32(offset: number, value: number): void {
    if (offset === DR) this.writeByte(value & 0xff);
    else if (offset === ICR) this.overrun &&= (value & OVERRUN) === 0;
    else this.registers.set(offset, value);
  }

  private get byteNanos(): number {
    return (BITS_PER_BYTE * 1e9) / this.baud;
  }

  private writeByte(byte: number): void {
    if (this.sending.length === FIFO_BYTES) return;
    this.sending.push(byte);
    if (this.sending.length === FIFO_BYTES) this.rp2040.dma.clearDREQ(DREQ_TX);
    if (this.busySending) return;
    this.busySending = true;
    this.sendAlarm.schedule(this.byteNanos);
  }

  private finishSending(): void {
    this.sent.push(this.sending.shift()!);
    this.busySending = this.sending.length > 0;
    if (this.busySending) this.sendAlarm.schedule(this.byteNanos);
    this.rp2040.dma.setDREQ(DREQ_TX);
  }

  private startArriving(): void {
    if (this.busyArriving || this.arrivingAt === this.arriving.length) return;
    this.busyArriving = true;
    this.arriveAlarm.schedule(this.byteNanos);
  }

  private finishArriving(): void {
    const byte = this.arriving[this.arrivingAt++]!;
    if (this.arrivingAt === this.arriving.length) {
      this.arriving.length = 0;
      this.arrivingAt = 0;
    }
    this.busyArriving = false;
    if (this.received.length === FIFO_BYTES) this.overrun = true;
    else this.received.push(byte);
    this.rp2040.dma.setDREQ(DREQ_RX);
    this.startArriving();
  }

  private readByte(): number {
    const byte = this.received.shift() ?? 0;
    if (this.received.length === 0) this.rp2040.dma.clearDREQ(DREQ_RX);
    return byte;
  }
}
