import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Address } from '../../src/base/machine.ts';
import { decodeFrame, encodeFullFrame, encodeMiniFrame, type FullFrameFields } from '../../src/iax2/frame.ts';
import { encodeInformationElements } from '../../src/iax2/information-element.ts';
import { CONTROL_SUBCLASS, FRAME_TYPE, IAX_SUBCLASS } from '../../src/iax2/subclass.ts';
import { waitUntil } from './wait-until.ts';

const ULAW = 4;
const AGAIN_MS = 200;
const BLOCK_MS = 20;
const { IAX, CONTROL, VOICE } = FRAME_TYPE;

/**
 * A call to somebody who asks for neither token nor secret, on a socket of its own: just enough signalling to stay up, so that
 * what is said, with which timestamp and when, is the test's alone.
 */
export class RawCaller {
  isAnswered = false;
  /** Each block of voice as it came, when, ms of `performance.now()`, and its timestamp, of which a mini frame tells 16 bits. */
  onVoice: (codes: Uint8Array, atMs: number, timestamp: number) => void = () => {};
  private readonly call = 7;
  private farCall = 0;
  private oseqno = 0;
  private iseqno = 0;
  private saidFull = false;
  private saidAt = 0;
  /** Full frames that the far end has not acknowledged, by OSeqno; they are sent again until it has. */
  private readonly open = new Map<number, Uint8Array>();
  private readonly again = setInterval(() => {
    for (const bytes of this.open.values()) this.send(bytes);
  }, AGAIN_MS);

  private constructor(
    private readonly socket: Socket,
    private readonly server: Address,
  ) {
    socket.on('message', (bytes) => this.handle(bytes, performance.now()));
  }

  /** Calls `number` of `username`, and waits until it is answered. */
  static async dial(server: Address, local: string, username: string, number: string): Promise<RawCaller> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    socket.bind(0, local);
    await once(socket, 'listening');
    const caller = new RawCaller(socket, server);
    const body = encodeInformationElements({
      ...{ version: 2, calledNumber: number, username, capability: BigInt(ULAW), format: BigInt(ULAW) },
    });
    caller.sendFull({ timestamp: 3, frameType: IAX, subclass: IAX_SUBCLASS.NEW, body });
    await waitUntil('the call to be answered', 15_000, () => caller.isAnswered);
    return caller;
  }

  /** One block of voice; the first goes as a full frame, which names the codec. */
  say(codes: Uint8Array, timestamp: number): void {
    if (this.saidFull) this.send(encodeMiniFrame(this.call, timestamp & 0xffff, codes));
    else this.sendFull({ timestamp, frameType: VOICE, subclass: ULAW, body: codes });
    this.saidFull = true;
    this.saidAt = timestamp;
  }

  /** Just behind what was said last: a frame whose timestamp is far from the others is not of this call. */
  async hangUp(): Promise<void> {
    clearInterval(this.again);
    // A socket that is closed before it has sent sends nothing.
    await new Promise<void>((sent) => {
      this.sendFull({ timestamp: this.saidAt + BLOCK_MS, frameType: IAX, subclass: IAX_SUBCLASS.HANGUP }, true, sent);
    });
    await new Promise<void>((resolve) => this.socket.close(resolve));
  }

  private handle(bytes: Uint8Array, atMs: number): void {
    const frame = decodeFrame(bytes);
    if (frame.type === 'mini') {
      this.onVoice(frame.payload, atMs, frame.timestamp);
      return;
    }
    if (frame.type !== 'full') return;
    const { frameType, subclass, timestamp } = frame;
    this.farCall = frame.sourceCall;
    for (const oseqno of this.open.keys()) if (isPast(oseqno, frame.iseqno)) this.open.delete(oseqno);
    if (frameType === IAX && (subclass === IAX_SUBCLASS.ACK || subclass === IAX_SUBCLASS.VNAK)) return;
    // One before it is still under way: without an answer this one comes again, too.
    if (isPast(this.iseqno, frame.oseqno)) return;
    const isNew = frame.oseqno === this.iseqno;
    if (isNew) this.iseqno = (this.iseqno + 1) & 0xff;
    if (frameType === IAX && (subclass === IAX_SUBCLASS.LAGRQ || subclass === IAX_SUBCLASS.PING)) {
      const answer = subclass === IAX_SUBCLASS.PING ? IAX_SUBCLASS.PONG : IAX_SUBCLASS.LAGRP;
      if (isNew) this.sendFull({ timestamp, frameType: IAX, subclass: answer });
      return;
    }
    this.sendFull({ timestamp, frameType: IAX, subclass: IAX_SUBCLASS.ACK }, false);
    if (!isNew) return;
    if (frameType === CONTROL && subclass === CONTROL_SUBCLASS.ANSWER) this.isAnswered = true;
    if (frameType === VOICE) this.onVoice(frame.body, atMs, timestamp);
  }

  private sendFull(fields: Omit<FullFrameFields, 'sourceCall'>, counts = true, sent?: () => void): void {
    const { call: sourceCall, farCall: destinationCall, oseqno, iseqno } = this;
    const bytes = encodeFullFrame({ sourceCall, destinationCall, oseqno, iseqno, ...fields });
    this.send(bytes, sent);
    if (!counts) return;
    this.open.set(oseqno, bytes);
    this.oseqno = (oseqno + 1) & 0xff;
  }

  private send(bytes: Uint8Array, sent?: () => void): void {
    this.socket.send(bytes, this.server.port, this.server.ip, sent);
  }
}

/** Whether somebody who expects `iseqno` next has the frame `oseqno`. */
function isPast(oseqno: number, iseqno: number): boolean {
  const behind = (iseqno - oseqno) & 0xff;
  return behind > 0 && behind < 0x80;
}
