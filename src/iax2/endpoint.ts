import type { Counters } from '../base/counters.ts';
import type { Crypto } from '../base/crypto.ts';
import { type Log, RateLimitedLog } from '../base/log.ts';
import { type Address, formatAddress, type Machine } from '../base/machine.ts';
import type { MediaEvent, MediaPort, StreamId, StreamIds } from '../base/media-port.ts';
import { Queue } from '../base/queue.ts';
import type { Random } from '../base/random.ts';
import { Admission } from './admission.ts';
import type { Call, CallFailure, PlaceCall } from './call.ts';
import { CallLedger } from './call-ledger.ts';
import { CallLeg } from './call-leg.ts';
import { CallNumbers } from './call-number.ts';
import { CallTokens } from './call-token.ts';
import type { Dialog, Surroundings } from './dialog.ts';
import { DialogTable } from './dialog-table.ts';
import { DialplanQuestions } from './dialplan-questions.ts';
import type { EndpointOutput, LookupResult } from './endpoint-output.ts';
import { decodeFrame, type FullFrame } from './frame.ts';
import { frameKind } from './frame-header.ts';
import type { HostAddress } from './host-names.ts';
import { IncomingDialogs } from './incoming-dialogs.ts';
import { OutgoingDialogs } from './outgoing-dialogs.ts';
import type { Binding, PeerConfig, PeerStatus } from './peer.ts';
import { PeerTable } from './peer-table.ts';
import type { FarReport } from './quality-report.ts';
import type { RefreshLimits } from './registrar.ts';
import { type LookupAnswer, type LookupRequest, RemoteDialplan } from './remote-dialplan.ts';
import { SealedCalls } from './sealed-calls.ts';
import { answerStray, STATELESS_CALL } from './stateless.ts';

export type { Call, CallEvent, CallFailure, CallRequest, CallState, HangupBy, PlaceCall } from './call.ts';
export type { EndpointOutput, LookupResult } from './endpoint-output.ts';
export type { Binding, CallerId, PeerConfig, PeerStatus, RegistrationState, RegistrationStatus } from './peer.ts';

export interface EndpointLimits {
  /** Call numbers in use at one time. */
  readonly callNumbers: number;
  /** Call numbers that one IP address holds, those that rest for a minute after use included. */
  readonly callNumbersPerAddress: number;
  /** Dialogs of peers with `callToken: no`, whose address nothing has proved. */
  readonly unproven: number;
}

const DEFAULT_LIMITS: EndpointLimits = { callNumbers: 16_384, callNumbersPerAddress: 8_192, unproven: 1_024 };
/** Asterisk grants 60 s and no more; a longer wish is granted here because it spares both ends. */
const DEFAULT_REFRESH: RefreshLimits = { minS: 10, maxS: 3_600 };

export interface EndpointOptions {
  readonly peers: readonly PeerConfig[];
  readonly crypto: Crypto;
  readonly media: MediaPort;
  readonly streams: StreamIds;
  readonly log: Log;
  readonly counters: Counters;
  readonly random: Random;
  /** Epoch ms. */
  readonly wallClock: () => number;
  /** What local time is ahead of UTC at an epoch time, ms; UTC if absent. */
  readonly utcOffsetMs?: (epochMs: number) => number;
  readonly limits?: Partial<EndpointLimits>;
  readonly refresh?: RefreshLimits;
  /** Whether a phone's call to a number is taken however many calls it has. */
  readonly mustGoThrough?: (context: string, number: string) => boolean;
}

/**
 * Everything that speaks IAX2 on one UDP port: calls, registrations in both roles, qualify. A machine without I/O: see
 * `Machine` for how it is driven. Its outputs are in `EndpointOutput`.
 *
 * @example
 * endpoint.start(nowMs);
 * const call = endpoint.placeCall({ peer: 'hq', number: '7123', caller, stream }, nowMs);
 * if ('failed' in call) return call.reason;
 */
export class Endpoint implements Machine<EndpointOutput> {
  private readonly outputs = new Queue<EndpointOutput>();
  private readonly calls = new CallLedger();
  private readonly sealed: SealedCalls;
  private readonly numbers: CallNumbers;
  private readonly dialogs: DialogTable;
  private readonly peers: PeerTable;
  private readonly admission: Admission;
  private readonly questions: DialplanQuestions;
  private readonly incoming: IncomingDialogs;
  private readonly outgoing: OutgoingDialogs;
  private readonly remoteDialplan: RemoteDialplan;

  constructor(private readonly options: EndpointOptions) {
    const { crypto, random, counters, wallClock, media, streams } = options;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const log = new RateLimitedLog(options.log, 'iax2');
    const transmit = (to: Address, bytes: Uint8Array) => this.outputs.push({ type: 'transmit', to, bytes });
    const emit = (output: EndpointOutput) => this.outputs.push(output);
    this.sealed = new SealedCalls(counters);
    this.numbers = new CallNumbers(random, { total: limits.callNumbers, perAddress: limits.callNumbersPerAddress });
    this.dialogs = new DialogTable(this.numbers, {
      transmit,
      media,
      gone: (dialog) => this.handleGone(dialog),
      alive: (dialog) => {
        if (dialog instanceof CallLeg && dialog.mayBeSealed) this.sealed.add(dialog);
      },
    });
    const { calls, dialogs } = this;
    const around: Surroundings = {
      crypto,
      random,
      counters,
      log,
      media,
      wallClock,
      utcOffsetMs: options.utcOffsetMs ?? (() => 0),
      transmit,
      emit,
      changed: (dialog, nowMs) => dialogs.settle(dialog, nowMs),
    };
    this.peers = new PeerTable({
      random,
      wallClock,
      transmit,
      emit,
      refresh: options.refresh ?? DEFAULT_REFRESH,
      touch: (part) => dialogs.touch(part),
      allot: (ip, nowMs) => this.numbers.allot(ip, nowMs),
      end: (localCall, nowMs) => this.numbers.end(localCall, undefined, nowMs),
      attempt: (...parameters) => this.outgoing.beginRegistration(...parameters),
    });
    const { peers } = this;
    this.admission = new Admission({ tokens: new CallTokens(crypto), counters, log, transmit, emit });
    this.questions = new DialplanQuestions(emit);
    const { admission, questions } = this;
    const maxUnproven = limits.unproven;
    const { mustGoThrough } = options;
    this.incoming = new IncomingDialogs({
      around,
      dialogs,
      calls,
      peers,
      admission,
      questions,
      mustGoThrough,
      streams,
      maxUnproven,
    });
    this.outgoing = new OutgoingDialogs({ around, dialogs, calls, peers });
    this.remoteDialplan = new RemoteDialplan(
      (...parameters) => this.outgoing.openLookup(...parameters),
      (id, result) => emit({ type: 'lookup', id, result }),
    );
  }

  /** Begins to register and to qualify. `bindings`: dynamic peers that were known before a restart. */
  start(nowMs: number, bindings: readonly Binding[] = []): void {
    this.peers.configure(this.options.peers, nowMs);
    this.peers.registrar.restore(bindings, nowMs);
  }

  /** Takes over another configuration: what did not change goes on undisturbed, calls do in any case. */
  configure(peers: readonly PeerConfig[], nowMs: number): void {
    this.peers.configure(peers, nowMs);
  }

  /** Hangs up every call and takes back our registrations; `isIdle` when all of it was acknowledged or given up. */
  stop(nowMs: number): void {
    for (const call of this.calls.all) call.hangup('normal-clearing', nowMs);
    this.peers.stop(nowMs);
  }

  /** Places a call; what becomes of it comes as events. Fails at once where it is known that there can be none. */
  placeCall(request: PlaceCall, nowMs: number): Call | CallFailure {
    return this.outgoing.placeCall(request, nowMs);
  }

  /**
   * The answer to a `resolve` output: addresses in the order to try them, those of SRV records (`_iax._udp`) with their
   * port, none if there is no such host.
   */
  handleResolved(host: string, addresses: readonly HostAddress[], nowMs: number): void {
    this.peers.handleResolved(host, addresses, nowMs);
    this.outgoing.handleResolved(host, addresses, nowMs);
  }

  /** Our own address has changed: registers again at once, with one peer or with all. */
  reregister(peer: string | undefined, nowMs: number): void {
    this.peers.reregister(peer, nowMs);
  }

  /**
   * Asks a peer whether it has a number. The answer if it is known, else the id under which it comes as an output
   * `lookup`. [RFC5456 §6.8]
   */
  lookup(request: LookupRequest, nowMs: number): LookupResult | { readonly id: number } {
    const result = this.remoteDialplan.lookup(request, nowMs);
    this.dialogs.touch(this.remoteDialplan);
    return result;
  }

  /** Our dialplan's answer to an output `lookup-request`; a second one for the same id does nothing. */
  answerLookup(id: number, answer: LookupAnswer, nowMs: number): void {
    this.questions.answer(id, answer, nowMs);
  }

  /** What the far end of that stream's call has said last of the voice that it receives. */
  farReport(stream: StreamId): FarReport | undefined {
    return this.calls.ofStream(stream)?.farReport;
  }

  /** The media plane wants this block sent as a full frame. */
  sendVoice(stream: StreamId, timestamp: number, format: number, payload: Uint8Array, nowMs: number): void {
    this.calls.ofStream(stream)?.sendVoice(timestamp, format, payload, nowMs);
  }

  /** The same of a packet of a picture, and of the mini frames that need it. */
  sendVideo(event: Extract<MediaEvent, { type: 'video-full-due' }>, nowMs: number): void {
    this.calls.ofStream(event.stream)?.sendVideo(event, nowMs);
  }

  /** The media plane got a mini frame before any full frame that says what is in it. */
  requestVoiceFormat(stream: StreamId, nowMs: number): void {
    this.calls.ofStream(stream)?.requestVoiceFormat(nowMs);
  }

  /**
   * The first thing to do with a datagram, before the media plane and `handleDatagram` see it: that of an encrypted call
   * comes back in clear, any other as it is. Undefined if no key fits: it is counted and to be passed over.
   */
  unseal(bytes: Uint8Array, from: Address, nowMs: number): Uint8Array | undefined {
    return this.sealed.unseal(bytes, from, nowMs);
  }

  /** Whether any call needs `sealMini`: asked before a frame is cut out for it. */
  get hasSealedCalls(): boolean {
    return !this.sealed.isEmpty;
  }

  /** Whether the frames of the call with this number of ours are encrypted, or may come to be. */
  isSealed(localCall: number): boolean {
    return this.sealed.has(localCall);
  }

  /** The last thing to do with a mini frame that the media plane sends: that of an encrypted call comes back encrypted. */
  sealMini(bytes: Uint8Array): Uint8Array {
    return this.sealed.sealMini(bytes);
  }

  /** Takes a datagram in clear that is not media only: a full frame. */
  handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): void {
    const kind = frameKind(bytes);
    if (kind !== 'full') {
      this.count(kind === 'short' ? 'iax2.too-short' : 'iax2.media-without-stream');
      return;
    }
    if (this.admission.isLockedOut(from, nowMs)) {
      this.count('iax2.locked-out-datagram');
      return;
    }
    const frame = decodeFrame(bytes);
    if (frame.type !== 'full' || frame.sourceCall === 0) {
      this.count('iax2.no-source-call');
      return;
    }
    const dialog = this.dialogOf(frame, from, nowMs);
    if (dialog !== undefined) {
      dialog.handleFrame(frame, nowMs);
      this.dialogs.settle(dialog, nowMs);
    } else if (frame.destinationCall === 0) this.incoming.handleOpening(frame, bytes.length, from, nowMs);
    else if (
      !this.peers.handlePong(frame, from, nowMs) &&
      !this.handleTransferFrame(frame, from, nowMs) &&
      !this.handleMove(frame, from, nowMs)
    )
      this.handleStray(frame, from, nowMs);
  }

  handleTimeout(nowMs: number): void {
    this.dialogs.handleTimeout(nowMs);
  }

  poll(): EndpointOutput | undefined {
    return this.outputs.shift();
  }

  nextDeadline(): number | undefined {
    return this.dialogs.nextDeadline();
  }

  /** Each configured peer, as `status --json` shows it. */
  get peerStatuses(): readonly PeerStatus[] {
    return this.peers.statuses;
  }

  peerStatus(name: string): PeerStatus | undefined {
    return this.peers.get(name)?.status;
  }

  /** Whether a peer is a telephone: it only calls us, or registers here. */
  isPhone(name: string): boolean {
    return this.peers.get(name)?.isPhone === true;
  }

  /** Dynamic peers that are registered here, to be kept over a restart. */
  get bindings(): readonly Binding[] {
    return this.peers.registrar.bindings;
  }

  /** What is in use, for status and for tests that look for leaks. */
  get load(): { readonly calls: number; readonly dialogs: number; readonly callNumbers: number } {
    return { calls: this.calls.size, dialogs: this.dialogs.size, callNumbers: this.numbers.inUse };
  }

  /** No dialog is open: after `stop`, the socket can be closed. */
  get isIdle(): boolean {
    return this.dialogs.size === 0;
  }

  /** An opening that comes again does not know our call number; one that comes anew belongs to no dialog. */
  private dialogOf(frame: FullFrame, from: Address, nowMs: number): Dialog | undefined {
    if (frame.destinationCall !== 0) return this.dialogs.find(frame.destinationCall, from);
    const begun = this.dialogs.findBegun(from, frame.sourceCall);
    return begun?.isOtherOpening(frame, nowMs) === true ? undefined : begun;
  }

  /** True for a frame of the party that a hub wants one of our calls to go on with. */
  private handleTransferFrame(frame: FullFrame, from: Address, nowMs: number): boolean {
    const call = this.dialogs.ofNumber(frame.destinationCall);
    if (!(call instanceof CallLeg) || !call.isTransferTarget(from, frame.sourceCall)) return false;
    call.handleTransferFrame(frame, nowMs);
    this.dialogs.settle(call, nowMs);
    return true;
  }

  /** True for a frame of a far end whose NAT has given it another port, or may have. */
  private handleMove(frame: FullFrame, from: Address, nowMs: number): boolean {
    const call = this.dialogs.ofNumber(frame.destinationCall);
    const verdict = call instanceof CallLeg ? call.considerMove(frame, from, nowMs) : 'stranger';
    if (call === undefined || verdict === 'stranger') return false;
    this.count(verdict === 'moved' ? 'iax2.far-end-moved' : 'iax2.other-port');
    if (verdict !== 'moved') return true;
    call.handleFrame(frame, nowMs);
    this.dialogs.settle(call, nowMs);
    return true;
  }

  /** A frame of a call that is not there: it has just ended here, or it never was, or it ended with our last run. */
  private handleStray(frame: FullFrame, from: Address, nowMs: number): void {
    const ended = this.numbers.endedWith(frame.destinationCall, formatAddress(from), frame.sourceCall, nowMs);
    const answer = answerStray(frame, ended);
    if (frame.destinationCall !== STATELESS_CALL)
      this.count(ended === undefined ? 'iax2.unknown-call' : 'iax2.ended-call');
    if (answer !== undefined) this.admission.reply(answer, from, nowMs);
  }

  private handleGone(dialog: Dialog): void {
    this.incoming.handleGone(dialog);
    this.outgoing.handleGone(dialog);
    this.dialogs.touch(this.remoteDialplan);
    if (!(dialog instanceof CallLeg)) return;
    this.calls.remove(dialog);
    this.sealed.remove(dialog);
  }

  private count(reason: string): void {
    this.options.counters.increment(reason);
  }
}
