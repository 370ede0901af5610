import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Address } from '../../src/base/machine.ts';
import { decodeFrame, encodeFullFrame, type FullFrame } from '../../src/iax2/frame.ts';
import { encodeInformationElements } from '../../src/iax2/information-element.ts';
import { isMalformed } from '../../src/iax2/malformed.ts';
import { decodeMetaTrunkFrame } from '../../src/iax2/meta-trunk.ts';
import { CONTROL_SUBCLASS, FRAME_TYPE, IAX_SUBCLASS } from '../../src/iax2/subclass.ts';

const ULAW = 4n;
const { IAX, CONTROL, VOICE } = FRAME_TYPE;
/** That of a frame which acknowledges and is not acknowledged itself. */
const UNACKNOWLEDGED: readonly number[] = [IAX_SUBCLASS.ACK, IAX_SUBCLASS.VNAK, IAX_SUBCLASS.INVAL];

interface Call {
  readonly number: number;
  readonly farCall: number;
  oseqno: number;
  iseqno: number;
}

/** Answers every call, whoever it is from, and tells of each block of voice that comes, alone or in a trunk frame. */
export class RawAnswerer {
  onVoice: (codes: Uint8Array, atMs: number) => void = () => {};
  /** Calls that the far end has hung up. */
  endedCount = 0;
  trunkFrameCount = 0;
  private readonly calls = new Map<number, Call>();
  private nextNumber = 100;

  private constructor(private readonly socket: Socket) {
    socket.on('message', (bytes, from) => this.handle(bytes, { ip: from.address, port: from.port }, performance.now()));
  }

  static async open(local: Address): Promise<RawAnswerer> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    socket.bind(local.port, local.ip);
    await once(socket, 'listening');
    return new RawAnswerer(socket);
  }

  get callCount(): number {
    return this.calls.size;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.socket.close(resolve));
  }

  private handle(bytes: Uint8Array, from: Address, atMs: number): void {
    if (bytes[0] === 0 && bytes[1] === 0) {
      const trunk = decodeMetaTrunkFrame(bytes);
      this.trunkFrameCount++;
      if (!isMalformed(trunk)) for (const { payload } of trunk.entries) this.onVoice(payload, atMs);
      return;
    }
    const frame = decodeFrame(bytes);
    if (frame.type === 'mini') this.onVoice(frame.payload, atMs);
    if (frame.type === 'full') this.handleFull(frame, from, atMs);
  }

  private handleFull(frame: FullFrame, from: Address, atMs: number): void {
    const { frameType, subclass, timestamp } = frame;
    const isIax = frameType === IAX;
    if (isIax && UNACKNOWLEDGED.includes(subclass)) return;
    if (isIax && subclass === IAX_SUBCLASS.POKE) {
      const pong = { frameType: IAX, subclass: IAX_SUBCLASS.PONG, timestamp, oseqno: 0, iseqno: 1 };
      this.send({ ...pong, sourceCall: 1, destinationCall: frame.sourceCall }, from);
      return;
    }
    const call = this.callOf(frame, isIax && subclass === IAX_SUBCLASS.NEW);
    if (call === undefined) return;
    const isNew = frame.oseqno === call.iseqno;
    if (isNew) call.iseqno = (call.iseqno + 1) & 0xff;
    if (isIax && (subclass === IAX_SUBCLASS.LAGRQ || subclass === IAX_SUBCLASS.PING)) {
      const answer = subclass === IAX_SUBCLASS.PING ? IAX_SUBCLASS.PONG : IAX_SUBCLASS.LAGRP;
      if (isNew) this.sendOn(call, from, { timestamp, frameType: IAX, subclass: answer });
      return;
    }
    this.sendOn(call, from, { timestamp, frameType: IAX, subclass: IAX_SUBCLASS.ACK });
    if (!isNew) return;
    if (isIax && subclass === IAX_SUBCLASS.NEW) {
      const body = encodeInformationElements({ format: ULAW });
      this.sendOn(call, from, { timestamp: 5, frameType: IAX, subclass: IAX_SUBCLASS.ACCEPT, body });
      this.sendOn(call, from, { timestamp: 6, frameType: CONTROL, subclass: CONTROL_SUBCLASS.ANSWER });
    }
    if (isIax && subclass === IAX_SUBCLASS.HANGUP && this.calls.delete(frame.sourceCall)) this.endedCount++;
    if (frameType === VOICE) this.onVoice(frame.body, atMs);
  }

  private callOf({ sourceCall }: FullFrame, mayBegin: boolean): Call | undefined {
    const known = this.calls.get(sourceCall);
    if (known !== undefined || !mayBegin) return known;
    const call = { number: this.nextNumber++, farCall: sourceCall, oseqno: 0, iseqno: 0 };
    this.calls.set(sourceCall, call);
    return call;
  }

  private sendOn(
    call: Call,
    to: Address,
    fields: Pick<FullFrame, 'timestamp' | 'frameType' | 'subclass'> & { body?: Uint8Array },
  ): void {
    const { number: sourceCall, farCall: destinationCall, oseqno, iseqno } = call;
    this.send({ sourceCall, destinationCall, oseqno, iseqno, ...fields }, to);
    if (fields.frameType !== IAX || !UNACKNOWLEDGED.includes(fields.subclass)) call.oseqno = (oseqno + 1) & 0xff;
  }

  private send(fields: Parameters<typeof encodeFullFrame>[0], to: Address): void {
    this.socket.send(encodeFullFrame(fields), to.port, to.ip);
  }
}
