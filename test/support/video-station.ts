import { Counters } from '../../src/base/counters.ts';
import { silentLog } from '../../src/base/log.ts';
import { type Address, earliest, type Transmit } from '../../src/base/machine.ts';
import { StreamIds } from '../../src/base/media-port.ts';
import { Queue } from '../../src/base/queue.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { type Call, type CallEvent, Endpoint, type PeerConfig } from '../../src/iax2/endpoint.ts';
import { decodeFrame, encodeFullFrame, encodeVideoMiniFrame } from '../../src/iax2/frame.ts';
import { FRAME_TYPE } from '../../src/iax2/subclass.ts';
import { MediaPlane } from '../../src/media/plane.ts';
import { seededCrypto } from './iax2-world.ts';
import type { Station } from './network.ts';

/** One packet of a picture as a camera gives it, or a screen gets it. */
export interface VideoPacket {
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payload: Uint8Array;
}

/** Where camera and screen are: a call of its own to the plane, so that it is asked only what anybody may ask it. */
const CAMERA = { ip: '198.51.100.1', port: 1 } as const;
const CAMERA_CALL = 2;

/** Pictures of some packets each, 40 ms apart, with bytes that say which packet they are. */
export function pictures(count: number, packetsEach = 3, length = 1200): VideoPacket[] {
  return Array.from({ length: count * packetsEach }, (_, n) => ({
    timestamp: Math.floor(n / packetsEach) * 40,
    marker: n % packetsEach === packetsEach - 1,
    payload: Uint8Array.from({ length: length - (n % 7) }, (_, i) =>
      i < 2 ? (n >> (8 * i)) & 0xff : (i * 31 + n) & 0xff,
    ),
  }));
}

/** An IAX2 end of ours with a camera and a screen, at a socket or on a simulated network. */
export class VideoStation implements Station<{ readonly type: 'none' }> {
  readonly counters = new Counters();
  readonly endpoint: Endpoint;
  readonly plane: MediaPlane;
  /** What came for the screen, in order. */
  readonly seen: VideoPacket[] = [];
  readonly calls: Call[] = [];
  readonly events: CallEvent[] = [];
  private readonly streams = new StreamIds();
  private readonly camera = this.streams.next();
  private readonly outputs = new Queue<Transmit>();
  private readonly format: number;
  private shot = 0;

  constructor(options: { readonly peers: readonly PeerConfig[]; readonly seed: number; readonly format: number }) {
    const { peers, seed, format } = options;
    this.plane = new MediaPlane({
      counters: this.counters,
      send: (to, bytes, at, length) => this.send(to, bytes.slice(at, at + length)),
    });
    this.endpoint = new Endpoint({
      peers,
      crypto: seededCrypto(seed),
      random: new SeededRandom(seed),
      media: this.plane,
      streams: this.streams,
      log: silentLog,
      counters: this.counters,
      wallClock: () => 1_795_000_000_000,
    });
    const spec = { remote: CAMERA, localCall: CAMERA_CALL, remoteCall: CAMERA_CALL, epochMs: 0 };
    this.plane.openVideo(this.camera, { ...spec, kind: 'iax2', formats: [format] }, 0);
    this.format = format;
  }

  dial(peer: string, number: string, nowMs: number): Call {
    const stream = this.streams.next();
    const call = this.endpoint.placeCall({ peer, number, caller: { number: '1', name: '' }, stream }, nowMs);
    if ('failed' in call) throw new Error(call.reason);
    this.join(call, nowMs);
    return call;
  }

  /** The camera sends one packet. */
  shoot({ timestamp, marker, payload }: VideoPacket, nowMs: number): void {
    const ids = { sourceCall: CAMERA_CALL, timestamp, marker };
    const full = { ...ids, destinationCall: CAMERA_CALL, frameType: FRAME_TYPE.VIDEO, subclass: this.format };
    const bytes =
      this.shot++ === 0 ? encodeFullFrame({ ...full, body: payload }) : encodeVideoMiniFrame({ ...ids, payload });
    this.plane.handleDatagram(bytes, CAMERA, nowMs);
  }

  handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): void {
    const plain = this.endpoint.unseal(bytes, from, nowMs);
    if (plain === undefined) return;
    if (this.plane.handleDatagram(plain, from, nowMs) !== 'media') this.endpoint.handleDatagram(plain, from, nowMs);
    this.settle(nowMs);
  }

  handleTimeout(nowMs: number): void {
    this.plane.handleTimeout(nowMs);
    this.endpoint.handleTimeout(nowMs);
    this.settle(nowMs);
  }

  nextDeadline(): number | undefined {
    return earliest(this.plane.nextDeadline(), this.endpoint.nextDeadline());
  }

  poll(): Transmit | undefined {
    return this.outputs.shift();
  }

  /** After every input. */
  settle(nowMs: number): void {
    for (let event = this.plane.poll(); event !== undefined; event = this.plane.poll()) {
      if (event.type === 'video-full-due') {
        if (event.stream === this.camera) {
          this.show(event);
          for (const mini of event.minis) this.send(CAMERA, mini);
        } else this.endpoint.sendVideo(event, nowMs);
      } else if (event.type === 'voice-full-due') {
        const { stream, timestamp, format, payload } = event;
        this.endpoint.sendVoice(stream, timestamp, format, payload, nowMs);
      } else if (event.type === 'no-format') this.endpoint.requestVoiceFormat(event.stream, nowMs);
    }
    for (let output = this.endpoint.poll(); output !== undefined; output = this.endpoint.poll()) {
      if (output.type === 'transmit') this.outputs.push(output);
      else if (output.type === 'call') {
        this.events.push(output.event);
        if (output.event.type === 'incoming') {
          this.join(output.call, nowMs);
          output.call.answer(nowMs);
        }
      }
    }
  }

  private join(call: Call, nowMs: number): void {
    this.calls.push(call);
    this.plane.hear(call.stream, { kind: 'stream', stream: this.camera }, nowMs);
    this.plane.hear(this.camera, { kind: 'stream', stream: call.stream }, nowMs);
  }

  private send(to: Address, bytes: Uint8Array): void {
    if (to !== CAMERA) {
      this.outputs.push({ type: 'transmit', to, bytes: this.endpoint.sealMini(bytes) });
      return;
    }
    const frame = decodeFrame(bytes);
    if (frame.type === 'video-mini') this.show(frame);
  }

  private show({ timestamp, marker, payload }: VideoPacket): void {
    this.seen.push({ timestamp, marker, payload: payload.slice() });
  }
}
