import type { Log } from './base/log.ts';
import type { Address, Transmit } from './base/machine.ts';
import type { MediaEvent } from './base/media-port.ts';
import { Queue } from './base/queue.ts';
import { round } from './base/round.ts';
import type { DialTarget } from './dialplan/dial-target.ts';
import type { Dialplan } from './dialplan/dialplan.ts';
import { Endpoint, type EndpointOptions } from './iax2/endpoint.ts';
import type { EndpointOutput, LookupResult } from './iax2/endpoint-output.ts';
import { Iax2Legs } from './legs/iax2-leg.ts';
import type { DatagramSink } from './media/datagram-sink.ts';
import type { DialClassOf } from './switch/leg.ts';

/** What the appliance makes of what happened at the IAX2 endpoint. */
export type Iax2News =
  | Transmit
  | { readonly type: 'resolve'; readonly host: string }
  | { readonly type: 'status' }
  | { readonly type: 'bindings' }
  /** What was asked of another switch is answered. */
  | { readonly type: 'lookup'; readonly id: number; readonly exists: boolean }
  | Extract<EndpointOutput, { type: 'security' }>;

export type Iax2MediaEvent = Extract<MediaEvent, { type: 'voice-full-due' | 'video-full-due' | 'no-format' }>;

/** The IAX2 side of an appliance: endpoint and legs, the voice of encrypted calls, and what other switches ask and tell. */
export class ApplianceIax2 {
  readonly endpoint: Endpoint;
  readonly legs: Iax2Legs;
  private readonly outputs = new Queue<Iax2News>();
  private readonly log: Log;

  constructor(
    options: EndpointOptions & { readonly log: Log; readonly dialClassOf: DialClassOf },
    /** What peers ask for numbers of. */
    private readonly dialplan: () => Dialplan,
  ) {
    this.log = options.log;
    this.endpoint = new Endpoint(options);
    this.legs = new Iax2Legs(
      (request, atMs) => this.endpoint.placeCall(request, atMs),
      (peer) => this.endpoint.isPhone(peer),
      (peer) => options.dialClassOf(`IAX2/${peer}`),
    );
  }

  /** What the media plane sends of an encrypted call is closed here; of all others not a byte is touched. */
  sealMedia(send: DatagramSink, to: Address, bytes: Uint8Array, at: number, length: number): void {
    if (!this.endpoint.hasSealedCalls) {
      send(to, bytes, at, length);
      return;
    }
    const sealed = this.endpoint.sealMini(bytes.subarray(at, at + length));
    send(to, sealed, 0, sealed.length);
  }

  handleMedia(event: Iax2MediaEvent, nowMs: number): void {
    if (event.type === 'voice-full-due')
      this.endpoint.sendVoice(event.stream, event.timestamp, event.format, event.payload, nowMs);
    else if (event.type === 'video-full-due') this.endpoint.sendVideo(event, nowMs);
    else this.endpoint.requestVoiceFormat(event.stream, nowMs);
  }

  /** Asks the switch behind a peer for a number; its context stands behind the slash of `switch => IAX2/peer/context`. */
  ask(peer: DialTarget, number: string, nowMs: number): boolean | { readonly id: number } {
    if (peer.technology !== 'IAX2') return false;
    const context = peer.number === undefined ? {} : { context: peer.number };
    const answer = this.endpoint.lookup({ peer: peer.peer, number, ...context }, nowMs);
    return 'id' in answer ? answer : isThere(answer);
  }

  /** Takes one output of the endpoint; false if it had none. */
  settle(nowMs: number): boolean {
    const output = this.endpoint.poll();
    if (output === undefined) return false;
    this.handle(output, nowMs);
    return true;
  }

  poll(): Iax2News | undefined {
    return this.outputs.shift();
  }

  private handle(output: EndpointOutput, nowMs: number): void {
    switch (output.type) {
      case 'transmit':
      case 'security':
        this.outputs.push(output);
        break;
      case 'call':
        this.legs.handleCallEvent(output.call, output.event, nowMs);
        break;
      case 'resolve':
        this.outputs.push({ type: 'resolve', host: output.host });
        break;
      case 'registration': {
        const { peer, status } = output;
        const { state, apparent, reason, messages } = status;
        const waiting = (messages?.newMessages ?? 0) > 0 ? `, ${messages?.newMessages} new messages` : '';
        const text = reason ?? `Registration at ${peer}: ${state}${waiting}.`;
        this.log(reason === null ? 'info' : 'warn', 'iax2', text, { peer, state, apparent });
        this.outputs.push({ type: 'status' });
        break;
      }
      case 'peer-state': {
        const { peer, reachable, rttMs, reason } = output;
        // A peer that has yet to register is no fault of anybody's.
        const isAwaited = this.endpoint.peerStatus(peer)?.address === null;
        this.log(reachable || isAwaited ? 'info' : 'warn', 'iax2', reason ?? `${peer} is reachable.`, {
          peer,
          rttMs: rttMs === null ? null : round(rttMs, 1),
        });
        this.outputs.push({ type: 'status' });
        break;
      }
      case 'binding':
        this.outputs.push({ type: 'bindings' });
        this.outputs.push({ type: 'status' });
        break;
      case 'lookup-request': {
        const { exists, canExist, matchMore, ignorePattern } = this.dialplan().lookup(output.context, output.number);
        const status = exists ? 'exists' : canExist ? 'can-exist' : 'non-existent';
        this.endpoint.answerLookup(output.id, { status, matchMore, ignorePattern }, nowMs);
        break;
      }
      case 'lookup':
        this.outputs.push({ type: 'lookup', id: output.id, exists: isThere(output.result) });
        break;
    }
  }
}

/** A number that may still become one is none yet. */
function isThere(result: LookupResult): boolean {
  return result.known && result.status === 'exists';
}
