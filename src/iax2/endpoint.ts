import type { Counters } from '../base/counters.ts';
import type { Crypto } from '../base/crypto.ts';
import { parseIp } from '../base/ip.ts';
import { type Log, RateLimitedLog } from '../base/log.ts';
import { type Address, formatAddress, type Machine } from '../base/machine.ts';
import type { MediaPort, StreamId, StreamIds } from '../base/media-port.ts';
import { Queue } from '../base/queue.ts';
import type { Random } from '../base/random.ts';
import { distance8 } from '../base/sequence.ts';
import { Admission } from './admission.ts';
import type { Credentials } from './authentication.ts';
import type { Call, CallFailure, PlaceCall } from './call.ts';
import { CallClock } from './call-clock.ts';
import { CallLeg } from './call-leg.ts';
import { CallNumbers } from './call-number.ts';
import { CallTokens } from './call-token.ts';
import { Dialog, STATELESS_CALL, type Surroundings } from './dialog.ts';
import { DialogTable } from './dialog-table.ts';
import type { EndpointOutput, LookupResult } from './endpoint-output.ts';
import { decodeFrame, type FullFrame } from './frame.ts';
import { frameKind } from './frame-header.ts';
import { IncomingCallLeg } from './incoming-call-leg.ts';
import { DEFAULT_PORT, type KnownPeer } from './known-peer.ts';
import { LookupDialog } from './lookup-dialog.ts';
import { isMalformed } from './malformed.ts';
import type { FormatName } from './media-format.ts';
import { type Message, readMessage } from './message.ts';
import { OutgoingCallLeg } from './outgoing-call-leg.ts';
import type { Binding, PeerConfig, PeerStatus } from './peer.ts';
import { PeerTable } from './peer-table.ts';
import { type RefreshLimits, RegistrarDialog } from './registrar.ts';
import { RegistrationDialog, type RegistrationOutcome } from './registration-dialog.ts';
import { Reliable } from './reliable.ts';
import { type LookupAnswer, type LookupRequest, type OpenLookup, RemoteDialplan } from './remote-dialplan.ts';
import { SealedCalls } from './sealed-calls.ts';
import { invalFor, lateAck } from './stateless.ts';
import { FRAME_TYPE, IAX_SUBCLASS, isFinal } from './subclass.ts';
import { selectRegistrant, selectUser } from './user-selection.ts';

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
/** Beyond these the oldest is given up: whoever owns the dialplan answers at once or never. */
const MAX_QUESTIONS = 1_024;
/** For a call to a host that is no configured peer. */
const DEFAULT_CODECS: readonly FormatName[] = ['ulaw', 'alaw'];

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
  private readonly numbers: CallNumbers;
  private readonly dialogs: DialogTable;
  private readonly peers: PeerTable;
  private readonly admission: Admission;
  private readonly log: RateLimitedLog;
  private readonly around: Surroundings;
  private readonly limits: EndpointLimits;
  private readonly callsByStream = new Map<StreamId, CallLeg>();
  /** Configured peers of calls: the peer object stays the same for a call over a change of configuration. */
  private readonly peerOf = new Map<CallLeg, KnownPeer>();
  /** Calls that wait for their host's address. */
  private readonly waiting = new Map<string, Set<OutgoingCallLeg>>();
  private readonly unproven = new Set<Dialog>();
  private readonly remoteDialplan: RemoteDialplan;
  /** Questions of other switches that our dialplan has not answered yet. */
  private readonly questions = new Map<number, (answer: LookupAnswer, nowMs: number) => void>();
  private lastQuestionId = 0;
  private readonly sealed: SealedCalls;
  private lastCallId = 0;

  constructor(private readonly options: EndpointOptions) {
    const { crypto, random, counters, wallClock, media } = options;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.log = new RateLimitedLog(options.log, 'iax2');
    this.numbers = new CallNumbers(random, {
      total: this.limits.callNumbers,
      perAddress: this.limits.callNumbersPerAddress,
    });
    this.dialogs = new DialogTable(this.numbers);
    this.sealed = new SealedCalls(counters);
    const transmit = (to: Address, bytes: Uint8Array) => this.outputs.push({ type: 'transmit', to, bytes });
    const emit = (output: EndpointOutput) => this.outputs.push(output);
    const { log } = this;
    this.around = {
      crypto,
      random,
      counters,
      log,
      media,
      wallClock,
      utcOffsetMs: options.utcOffsetMs ?? (() => 0),
      transmit,
      emit,
      changed: (dialog, nowMs) => this.settle(dialog, nowMs),
    };
    this.remoteDialplan = new RemoteDialplan(
      (...parameters) => this.openLookup(...parameters),
      (id, result) => emit({ type: 'lookup', id, result }),
    );
    this.admission = new Admission({ tokens: new CallTokens(crypto), counters, log, transmit, emit });
    this.peers = new PeerTable({
      random,
      wallClock,
      transmit,
      emit,
      refresh: options.refresh ?? DEFAULT_REFRESH,
      touch: (part) => this.dialogs.touch(part),
      allot: (ip, nowMs) => this.numbers.allot(ip, nowMs),
      end: (localCall, nowMs) => this.numbers.end(localCall, undefined, nowMs),
      attempt: (peer, kind, to, report, nowMs) => this.beginRegistration(peer, kind, to, report, nowMs),
    });
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
    for (const call of this.callsByStream.values()) call.hangup('normal-clearing', nowMs);
    this.peers.stop(nowMs);
  }

  /** Places a call; what becomes of it comes as events. Fails at once where it is known that there can be none. */
  placeCall(request: PlaceCall, nowMs: number): Call | CallFailure {
    const peer = this.peers.get(request.peer);
    const target = peer === undefined ? hostTarget(request.peer) : this.peerTarget(peer, nowMs);
    if ('failed' in target) return target;
    const localCall = this.numbers.allot(target.address?.ip ?? target.host, nowMs);
    if (localCall === undefined) return { failed: 'no-circuit', reason: 'No call number is free.' };
    const config = peer?.config;
    const secret = request.secret ?? config?.secrets.at(-1);
    const credentials: Credentials = { methods: config?.auth ?? ['md5'], secret, outKey: config?.outKey };
    const ownId = peer === undefined || peer.isPhone ? undefined : config?.callerId;
    const caller = request.caller.number === '' && ownId !== undefined ? ownId : request.caller;
    const call = new OutgoingCallLeg(
      this.around,
      this.makeReliable(localCall, target.address ?? UNKNOWN_ADDRESS, request.stream, nowMs),
      {
        id: ++this.lastCallId,
        peer: request.peer,
        stream: request.stream,
        request: { ...request, caller },
        username: request.username ?? config?.username,
        credentials,
        codecs: request.codecs ?? config?.codecs ?? DEFAULT_CODECS,
        encryption: config?.encryption,
      },
      nowMs,
    );
    this.addCall(call, peer);
    this.dialogs.add(call);
    if (target.address !== undefined) call.start(target.address, nowMs);
    else this.waitForAddress(call, target.host, nowMs);
    this.settle(call, nowMs);
    return call;
  }

  /** The answer to a `resolve` output: addresses in the order to try them, none if there is no such host. */
  handleResolved(
    host: string,
    addresses: readonly { readonly ip: string; readonly port?: number }[],
    nowMs: number,
  ): void {
    this.peers.handleResolved(host, addresses, nowMs);
    const waiting = this.waiting.get(host);
    this.waiting.delete(host);
    for (const call of waiting ?? []) {
      const [first] = addresses;
      const port = first?.port ?? splitHost(call.peer).port;
      if (first === undefined) call.failToResolve(`The name ${host} could not be resolved.`, nowMs);
      else call.start({ ip: first.ip, port }, nowMs);
      this.settle(call, nowMs);
    }
  }

  /** Our own address has changed: registers again at once, with one peer or with all. */
  reregister(peer: string | undefined, nowMs: number): void {
    this.peers.reregister(peer, nowMs);
  }

  /**
   * Asks a peer whether it has a number. The answer if it is known, else the id under which it comes as an output
   * `lookup`. [RFC5456 §6.5]
   */
  lookup(request: LookupRequest, nowMs: number): LookupResult | { readonly id: number } {
    const result = this.remoteDialplan.lookup(request, nowMs);
    this.dialogs.touch(this.remoteDialplan);
    return result;
  }

  /** Our dialplan's answer to an output `lookup-request`; a second one for the same id does nothing. */
  answerLookup(id: number, answer: LookupAnswer, nowMs: number): void {
    const give = this.questions.get(id);
    this.questions.delete(id);
    give?.(answer, nowMs);
  }

  /** The media plane wants this block sent as a full frame. */
  sendVoice(stream: StreamId, timestamp: number, format: number, payload: Uint8Array, nowMs: number): void {
    this.callsByStream.get(stream)?.sendVoice(timestamp, format, payload, nowMs);
  }

  /** The media plane got a mini frame before any full voice frame. */
  requestVoiceFormat(stream: StreamId, nowMs: number): void {
    this.callsByStream.get(stream)?.requestVoiceFormat(nowMs);
  }

  /**
   * The first thing to do with a datagram, before the media plane and `handleDatagram` see it: that of an encrypted call
   * comes back in clear, any other as it is. Undefined if no key fits: it is counted and to be passed over.
   */
  unseal(bytes: Uint8Array, from: Address, nowMs: number): Uint8Array | undefined {
    return this.sealed.unseal(bytes, from, nowMs);
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
    const dialog =
      frame.destinationCall === 0
        ? this.dialogs.findBegun(from, frame.sourceCall)
        : this.dialogs.find(frame.destinationCall, from);
    const isAnew = dialog !== undefined && frame.destinationCall === 0 && dialog.isOtherOpening(frame, nowMs);
    if (dialog !== undefined && !isAnew) {
      dialog.handleFrame(frame, nowMs);
      this.settle(dialog, nowMs);
    } else if (frame.destinationCall === 0) this.handleOpening(frame, bytes.length, from, nowMs);
    else if (!this.peers.handlePong(frame, from, nowMs)) this.handleStray(frame, from, nowMs);
  }

  handleTimeout(nowMs: number): void {
    for (let part = this.dialogs.takeDue(nowMs); part !== undefined; part = this.dialogs.takeDue(nowMs)) {
      part.handleTimeout(nowMs);
      if (part instanceof Dialog) this.settle(part, nowMs);
      else this.dialogs.touch(part);
    }
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

  /** Dynamic peers that are registered here, to be kept over a restart. */
  get bindings(): readonly Binding[] {
    return this.peers.registrar.bindings;
  }

  /** What is in use, for status and for tests that look for leaks. */
  get load(): { readonly calls: number; readonly dialogs: number; readonly callNumbers: number } {
    return { calls: this.callsByStream.size, dialogs: this.dialogs.size, callNumbers: this.numbers.inUse };
  }

  /** No dialog is open: after `stop`, the socket can be closed. */
  get isIdle(): boolean {
    return this.dialogs.size === 0;
  }

  // Beginnings.

  private handleOpening(frame: FullFrame, length: number, from: Address, nowMs: number): void {
    const message = readMessage(frame);
    if (isMalformed(message)) {
      this.count(`iax2.${message.reason}`);
      return;
    }
    switch (message.name) {
      case 'NEW':
        this.handleNew(message, length, from, nowMs);
        break;
      case 'REGREQ':
      case 'REGREL':
        this.handleRegistration(message, length, from, nowMs);
        break;
      case 'POKE':
        this.admission.answerPoke(frame, from, nowMs);
        break;
      default:
        this.count('iax2.unknown-call');
    }
  }

  private handleNew(message: Message, length: number, from: Address, nowMs: number): void {
    const { ies, frame } = message;
    const claim = { username: ies.username, context: ies.calledContext, from };
    const selection = selectUser(this.peers.configs, claim, (config) => this.peers.get(config.name)?.addresses ?? []);
    const peer = selection.peer === undefined ? undefined : this.peers.get(selection.peer.name);
    const admitted = this.admission.judge(message, length, from, peer, nowMs);
    if (admitted === 'answered') return;
    const localCall = this.allotFor(from, admitted, nowMs);
    if (localCall === undefined) return;
    if (selection.peer === undefined) this.reportMismatch(selection.reason, from, ies.username, nowMs);
    const stream = this.options.streams.next();
    const username = ies.username ?? peer?.config.name ?? '';
    const claimed = selection.peer === undefined ? '' : selection.context;
    const call = new IncomingCallLeg(
      this.around,
      this.makeReliable(localCall, from, stream, nowMs),
      {
        id: ++this.lastCallId,
        peer: peer?.config.name ?? username,
        stream,
        config: peer?.config,
        context: claimed,
        isAddressProven: admitted === 'proven',
        asked: (number, answer) => this.ask(peer?.config.name ?? username, claimed, number, answer),
        // The call itself is counted already.
        refuse: () =>
          peer !== undefined && peer.calls > (peer.config.maxCalls ?? Infinity) ? 'no-circuit' : undefined,
        overrideCallerId: peer?.isPhone === true ? peer.config.callerId : undefined,
        judged: (isGenuine, atMs) => this.admission.handleProof(isGenuine, from, username, atMs),
      },
      nowMs,
    );
    this.addCall(call, peer);
    this.begin(call, frame, admitted, nowMs);
  }

  private handleRegistration(message: Message, length: number, from: Address, nowMs: number): void {
    const { ies, frame } = message;
    const selection = selectRegistrant(this.peers.configs, ies.username, from);
    const peer = selection.peer === undefined ? undefined : this.peers.get(selection.peer.name);
    const admitted = this.admission.judge(message, length, from, peer, nowMs);
    if (admitted === 'answered') return;
    const localCall = this.allotFor(from, admitted, nowMs);
    if (localCall === undefined) return;
    if (selection.peer === undefined) this.reportMismatch(selection.reason, from, ies.username, nowMs);
    const reliable = this.makeReliable(localCall, from, undefined, nowMs);
    const username = ies.username ?? '';
    const judged = (isGenuine: boolean, atMs: number) => this.admission.handleProof(isGenuine, from, username, atMs);
    const { registrar } = this.peers;
    const dialog = new RegistrarDialog(this.around, reliable, { config: peer?.config, registrar, judged }, nowMs);
    this.begin(dialog, frame, admitted, nowMs);
  }

  private allotFor(from: Address, admitted: 'proven' | 'unproven', nowMs: number): number | undefined {
    const isFull = admitted === 'unproven' && this.unproven.size >= this.limits.unproven;
    const localCall = isFull ? undefined : this.numbers.allot(from.ip, nowMs);
    if (localCall === undefined) {
      this.count('iax2.call-number-limit');
      this.log.warn('iax2.call-number-limit', `No call number is left for ${from.ip}.`, nowMs);
    }
    return localCall;
  }

  private begin(dialog: Dialog, frame: FullFrame, admitted: 'proven' | 'unproven', nowMs: number): void {
    const forgotten = this.dialogs.findBegun(dialog.reliable.remote, frame.sourceCall);
    if (forgotten !== undefined) {
      forgotten.supersede(nowMs);
      this.settle(forgotten, nowMs);
    }
    this.dialogs.addIncoming(dialog, frame.sourceCall);
    if (admitted === 'unproven') this.unproven.add(dialog);
    dialog.handleFrame(frame, nowMs);
    this.settle(dialog, nowMs);
  }

  private reportMismatch(reason: string, from: Address, username: string | undefined, nowMs: number): void {
    this.count('iax2.unknown-user');
    this.log.warn('iax2.unknown-user', reason, nowMs, { from: formatAddress(from), username: username ?? '' });
    this.outputs.push({ type: 'security', event: 'acl-denied', from, username: username ?? '', reason });
  }

  private beginRegistration(
    peer: KnownPeer,
    kind: 'register' | 'release',
    to: Address,
    report: (outcome: RegistrationOutcome, nowMs: number) => void,
    nowMs: number,
  ): RegistrationDialog | undefined {
    const localCall = this.numbers.allot(to.ip, nowMs);
    if (localCall === undefined) return undefined;
    const { config } = peer;
    const dialog = new RegistrationDialog(
      this.around,
      this.makeReliable(localCall, to, undefined, nowMs),
      {
        subclass: kind === 'register' ? IAX_SUBCLASS.REGREQ : IAX_SUBCLASS.REGREL,
        username: config.username ?? config.name,
        refreshS: config.register?.refreshS ?? 60,
        credentials: { methods: config.auth, secret: config.secrets.at(-1), outKey: config.outKey },
        report,
      },
      nowMs,
    );
    this.dialogs.add(dialog);
    dialog.start(nowMs);
    this.settle(dialog, nowMs);
    return dialog;
  }

  // Lookups.

  private ask(
    peer: string,
    context: string,
    number: string,
    answer: (answer: LookupAnswer, nowMs: number) => void,
  ): void {
    const id = ++this.lastQuestionId;
    this.questions.set(id, answer);
    if (this.questions.size > MAX_QUESTIONS) this.questions.delete(this.questions.keys().next().value!);
    this.outputs.push({ type: 'lookup-request', id, peer, context, number });
  }

  private openLookup(...[request, answered, ended, nowMs]: Parameters<OpenLookup>): ReturnType<OpenLookup> {
    const peer = this.peers.get(request.peer);
    if (peer === undefined) return { failed: `There is no peer ${request.peer}.` };
    const target = this.peerTarget(peer, nowMs);
    if ('failed' in target) return { failed: target.reason };
    if (target.address === undefined) return { failed: `The address of ${request.peer} is not known yet.` };
    const localCall = this.numbers.allot(target.address.ip, nowMs);
    if (localCall === undefined) return { failed: 'No call number is free.' };
    const { username, auth, secrets, outKey } = peer.config;
    const dialog = new LookupDialog(
      this.around,
      this.makeReliable(localCall, target.address, undefined, nowMs),
      {
        context: request.context,
        username,
        credentials: { methods: auth, secret: secrets.at(-1), outKey },
        answered,
        ended: (reason, atMs) => {
          ended(reason, atMs);
          this.dialogs.touch(this.remoteDialplan);
        },
      },
      nowMs,
    );
    this.dialogs.add(dialog);
    this.settle(dialog, nowMs);
    return dialog;
  }

  // Strays.

  /** A frame of a call that is not there: it has just ended here, or it never was, or it ended with our last run. */
  private handleStray(frame: FullFrame, from: Address, nowMs: number): void {
    const isIax = frame.frameType === FRAME_TYPE.IAX;
    // Asterisk acknowledges the PONG that it got from call 1.
    if (frame.destinationCall === STATELESS_CALL) return;
    const isMute = isIax && (frame.subclass === IAX_SUBCLASS.ACK || frame.subclass === IAX_SUBCLASS.INVAL);
    const ended = this.numbers.endedCall(frame.destinationCall, nowMs);
    const isOfEnded =
      ended !== undefined &&
      ended.remoteKey === formatAddress(from) &&
      (ended.remoteCall === frame.sourceCall || ended.remoteCall === 0);
    this.count(isOfEnded ? 'iax2.ended-call' : 'iax2.unknown-call');
    // Whoever answers from call 1 has kept nothing that could end.
    if (isMute || frame.sourceCall === STATELESS_CALL) return;
    const wasTaken = isOfEnded && distance8(frame.oseqno, ended.iseqno) >= 0x80;
    if (isOfEnded && (wasTaken || isFinal(frame.frameType, frame.subclass)))
      this.admission.reply(lateAck(frame, ended.iseqno), from, nowMs);
    else this.admission.reply(invalFor(frame), from, nowMs);
  }

  // Book-keeping.

  private peerTarget(peer: KnownPeer, nowMs: number): Target | CallFailure {
    const { config, qualify } = peer;
    if (config.type === 'user')
      return { failed: 'no-route', reason: `${config.name} is a user: it calls us, we do not call it.` };
    if (peer.isFull) return { failed: 'no-circuit', reason: `${config.name} has as many calls as it may have.` };
    const { address } = peer;
    if (address === undefined && peer.isDynamic)
      return { failed: 'destination-out-of-order', reason: `${config.name} is not registered here.` };
    if (qualify?.reachable === false)
      return { failed: 'destination-out-of-order', reason: qualify.reason ?? `${config.name} is unreachable.` };
    if (!peer.hasName) return { host: config.host, address };
    const { hosts } = this.peers;
    if (address === undefined && hosts.isUnresolvable(config.host, nowMs))
      return { failed: 'destination-out-of-order', reason: `The name ${config.host} could not be resolved.` };
    hosts.refresh(config.host, 'call', nowMs);
    return { host: config.host, address };
  }

  private waitForAddress(call: OutgoingCallLeg, host: string, nowMs: number): void {
    const waiting = this.waiting.get(host) ?? new Set();
    waiting.add(call);
    this.waiting.set(host, waiting);
    this.peers.hosts.refresh(host, 'call', nowMs, true);
  }

  private waitNoMore(call: OutgoingCallLeg): void {
    for (const [host, waiting] of this.waiting)
      if (waiting.delete(call) && waiting.size === 0) this.waiting.delete(host);
  }

  private addCall(call: CallLeg, peer: KnownPeer | undefined): void {
    this.callsByStream.set(call.stream, call);
    if (peer === undefined) return;
    this.peerOf.set(call, peer);
    peer.calls++;
  }

  private makeReliable(localCall: number, remote: Address, stream: StreamId | undefined, nowMs: number): Reliable {
    const { media } = this.options;
    const clock = new CallClock(nowMs, stream === undefined ? undefined : () => media.lastTimestamp(stream));
    return new Reliable(localCall, remote, clock, this.around.transmit);
  }

  /** After every input to a dialog. */
  private settle(dialog: Dialog, nowMs: number): void {
    if (!dialog.isGone) {
      if (!this.dialogs.has(dialog)) return;
      this.dialogs.touch(dialog);
      if (dialog instanceof CallLeg && dialog.mayBeSealed) this.sealed.add(dialog);
      return;
    }
    if (!this.dialogs.has(dialog)) return;
    this.dialogs.remove(dialog, nowMs);
    this.unproven.delete(dialog);
    if (!(dialog instanceof CallLeg)) return;
    this.callsByStream.delete(dialog.stream);
    this.sealed.remove(dialog);
    const peer = this.peerOf.get(dialog);
    this.peerOf.delete(dialog);
    if (peer !== undefined) peer.calls--;
    if (dialog instanceof OutgoingCallLeg) this.waitNoMore(dialog);
  }

  private count(reason: string): void {
    this.options.counters.increment(reason);
  }
}

interface Target {
  readonly host: string;
  readonly address: Address | undefined;
}

const UNKNOWN_ADDRESS: Address = { ip: '', port: 0 };

/** A host that is no configured peer, `name`, `name:port`, `192.0.2.1:4569` or `[2001:db8::1]:4569`. */
function hostTarget(text: string): Target {
  const { host, port } = splitHost(text);
  return { host, address: parseIp(host) === undefined ? undefined : { ip: host, port } };
}

function splitHost(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? text;
  return { host, port: match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]) };
}
