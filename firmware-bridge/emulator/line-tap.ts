import { utf8Decode } from '../../src/base/bytes.ts';
import { Counters } from '../../src/base/counters.ts';
import type { CallerId, RingCadence } from '../../src/base/line-port.ts';
import { FrameDecoder } from '../frame.ts';
import { decodeLineOp, decodeMessage, LINE_EVENT_CODES, LINE_OPS, type Message } from '../messages.ts';

/** How a line is being rung. */
export interface Ringing {
  readonly cadence: RingCadence;
  readonly callerId: CallerId | undefined;
}

/**
 * Listens in on the wire between host and firmware, as an engineer's analyser would, for what an emulated phone cannot
 * learn from its line: the cadence as it was told, and the caller, which the firmware does not send as tones.
 */
export class LineTap {
  private readonly fromHost = new FrameDecoder(new Counters());
  private readonly fromHat = new FrameDecoder(new Counters());
  private readonly told = new Map<number, Ringing>();

  /** What the host has told of the ringing of a line that is not over. */
  ringing(port: number): Ringing | undefined {
    return this.told.get(port);
  }

  watchHost(bytes: Uint8Array): void {
    this.watch(this.fromHost, bytes);
  }

  watchHat(bytes: Uint8Array): void {
    this.watch(this.fromHat, bytes);
  }

  private watch(decoder: FrameDecoder, bytes: Uint8Array): void {
    for (const { code, payload } of decoder.frames(bytes)) {
      const message = decodeMessage(code, payload);
      if (!('malformed' in message)) this.note(message);
    }
  }

  private note(message: Message): void {
    if (message.type === 'HELLO') this.told.clear();
    else if (message.type === 'LINE_EVT' && message.event === LINE_EVENT_CODES.HOOK) this.told.delete(message.line);
    else if (message.type === 'LINE_CMD' && message.op === LINE_OPS.RING_STOP.code) this.told.delete(message.line);
    else if (message.type === 'LINE_CMD' && message.op === LINE_OPS.RING.code && !this.told.has(message.line)) {
      const ringing = ringingOf(message.args);
      if (ringing !== undefined) this.told.set(message.line, ringing);
    }
  }
}

function ringingOf(args: Uint8Array): Ringing | undefined {
  const ring = decodeLineOp('RING', args);
  if (ring === undefined) return undefined;
  const { steps, numberLength, nameLength, cadenceNumberName: bytes } = ring;
  const texts = 2 * steps;
  const cadence = Array.from({ length: steps }, (_, i) => (bytes[2 * i] ?? 0) | ((bytes[2 * i + 1] ?? 0) << 8));
  const number = utf8Decode(bytes.subarray(texts, texts + numberLength));
  const name = utf8Decode(bytes.subarray(texts + numberLength, texts + numberLength + nameLength));
  return { cadence, callerId: number === '' && name === '' ? undefined : { number, name } };
}
