import { toHex } from '../base/bytes.ts';
import type { Counters } from '../base/counters.ts';
import type { Crypto } from '../base/crypto.ts';
import { TokenBucket } from '../base/limits.ts';
import { type Log, RateLimitedLog } from '../base/log.ts';
import { type Address, earliest, type Machine } from '../base/machine.ts';
import type { StreamId, StreamIds } from '../base/media-port.ts';
import { Queue } from '../base/queue.ts';
import type { Random } from '../base/random.ts';
import { Authenticator } from './authenticator.ts';
import { type Binding, hopOf } from './binding.ts';
import type { Call, CallFailure, PlaceCall } from './call.ts';
import type { CallLeg } from './call-leg.ts';
import { callerHeaders, callerOf, numberOf } from './caller-identity.ts';
import type { CodecName } from './codec.ts';
import { type Dialog, dialogKey } from './dialog.ts';
import type { CallSurroundings } from './dialog-usage.ts';
import type { DigestAlgorithm } from './digest.ts';
import { INFO_TYPES } from './dtmf-info.ts';
import type { EndpointOutput } from './endpoint-output.ts';
import { formatHop, type Hop } from './hop.ts';
import { IncomingCallLeg } from './incoming-call-leg.ts';
import { InviteServerTransaction } from './invite-server-transaction.ts';
import { CALL_METHODS } from './invite-session.ts';
import { isMalformed } from './malformed.ts';
import { addressesOf, makeResponse, type Request, type ResponseParts } from './message.ts';
import { nameAddr, tagOf } from './name-addr.ts';
import { MediaSession } from './offer-answer.ts';
import { OutgoingCallLeg } from './outgoing-call-leg.ts';
import { parseMessage } from './parse.ts';
import type { PhoneConfig, TrunkConfig, TrunkStatus } from './peer.ts';
import { Registrar, type RegistrarLimits } from './registrar.ts';
import { checkRequest } from './request-check.ts';
import { parseSdp, SDP_TYPE } from './sdp.ts';
import { answerSession, SHORTEST_SESSION_S } from './session-timer.ts';
import { type Framed, StreamFramer } from './stream-framer.ts';
import { type ServerTransaction, TransactionLayer, type TransactionOutput } from './transaction-layer.ts';
import { Trunk } from './trunk.ts';
import { formatUri, type HostPort, isSipUri, parseUri, sipUri, userOf } from './uri.ts';
import { parseVia, responseHop } from './via.ts';
import { encodeRefusal } from './write.ts';

export type { Binding } from './binding.ts';
export type { Call, CallEvent, CallFailure, CallRequest, CallState, HangupBy, PlaceCall } from './call.ts';
export type { CallerId } from './caller-identity.ts';
export type { CodecName } from './codec.ts';
export type { EndpointOutput } from './endpoint-output.ts';
export type { Hop, Transport } from './hop.ts';
export type { Direction, MediaAgreement } from './offer-answer.ts';
export type { PhoneConfig, TrunkConfig, TrunkStatus } from './peer.ts';
export type { QualifyConfig, Reachability } from './qualify.ts';
export type { RegistrationState, RegistrationStatus } from './registrant.ts';

export interface EndpointOptions {
  readonly phones: readonly PhoneConfig[];
  readonly trunks: readonly TrunkConfig[];
  /** What phones prove themselves for: the site's name. */
  readonly realm: string;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly counters: Counters;
  readonly log: Log;
  /** Epoch ms. */
  readonly wallClock: () => number;
  readonly streams: StreamIds;
  /** Our own address as the far end of that hop reaches it, for Via and Contact. */
  readonly local: (to: Hop | undefined) => HostPort;
  /** Where the RTP of a call that comes in will be; undefined if there is no room. */
  readonly openMedia: (stream: StreamId, from: Hop) => Address | undefined;
  /** The call came to nothing before there was an `incoming` event; after that it is the owner's. */
  readonly closeMedia: (stream: StreamId) => void;
  readonly algorithmsFor?: (from: Hop) => readonly DigestAlgorithm[];
  readonly registrarLimits?: (from: Hop) => RegistrarLimits;
  /** False for phones that listen on their Via's port only. */
  readonly forceRport?: (from: Hop) => boolean;
}

const DEFAULT_SETUP_TIMEOUT_MS = 4_000;
const PHONE_TIMEOUT_MS = 8_000;
/** Challenges to strangers: a flood of them gets no more. */
const CHALLENGES_PER_SECOND = 100;
const NONE: readonly (readonly [string, string])[] = [];

const ABILITIES = {
  methods: [...CALL_METHODS, 'REGISTER'],
  extensions: ['100rel', 'timer', 'path', 'norefersub'],
  bodies: [SDP_TYPE, ...INFO_TYPES, 'message/sipfrag', 'text/plain'],
};

/** Whose request it is. */
type Sender =
  | { readonly type: 'phone'; readonly config: PhoneConfig }
  | { readonly type: 'trunk'; readonly trunk: Trunk };

/**
 * Everything that speaks SIP: registrar, phones, trunks, calls. A machine without I/O: see `Machine` for how it is
 * driven. Its outputs are in `EndpointOutput`.
 *
 * @example
 * endpoint.start(nowMs, keptBindings);
 * endpoint.handleDatagram(bytes, { transport: 'udp', ip, port }, nowMs);
 * const call = endpoint.placeCall({ peer: '211', number: '211', caller, stream, media }, nowMs);
 * if ('failed' in call) return call.reason;
 */
export class Endpoint implements Machine<EndpointOutput> {
  private readonly outputs = new Queue<EndpointOutput>();
  private readonly layer: TransactionLayer;
  private readonly authenticator: Authenticator;
  private readonly registrar: Registrar;
  private readonly phones = new Map<string, PhoneConfig>();
  private readonly trunks = new Map<string, Trunk>();
  private readonly calls = new Set<CallLeg>();
  private readonly trunkOf = new Map<CallLeg, Trunk>();
  private readonly dialogs = new Map<string, { readonly dialog: Dialog; readonly call: CallLeg }>();
  private readonly incoming = new Map<InviteServerTransaction, IncomingCallLeg>();
  private readonly framers = new Map<number, StreamFramer>();
  private readonly challenges = new TokenBucket(CHALLENGES_PER_SECOND, 2 * CHALLENGES_PER_SECOND);
  private readonly log: RateLimitedLog;
  private readonly around: CallSurroundings;
  private lastCallId = 0;

  constructor(private readonly options: EndpointOptions) {
    const { crypto, counters, random, realm, wallClock, local, algorithmsFor, registrarLimits, forceRport } = options;
    this.log = new RateLimitedLog(options.log, 'sip');
    this.layer = new TransactionLayer({
      crypto,
      counters,
      sentBy: local,
      ...(forceRport === undefined ? {} : { forceRport }),
    });
    for (const phone of options.phones) this.phones.set(phone.user, phone);
    this.authenticator = new Authenticator({
      crypto,
      realm,
      secretOf: (user) => this.phones.get(user)?.secret,
      ...(algorithmsFor === undefined ? {} : { algorithmsFor }),
    });
    this.registrar = new Registrar({
      crypto,
      authenticator: this.authenticator,
      counters,
      wallClock,
      ...(registrarLimits === undefined ? {} : { limitsFor: registrarLimits }),
    });
    this.around = {
      layer: this.layer,
      crypto,
      random,
      counters,
      contact: (hop) => sipUri({ ...local(hop), parameters: transportParameter(hop) }),
      emit: (call, event) => this.outputs.push({ type: 'call', call, event }),
      addDialog: (dialog, call) => this.dialogs.set(dialog.key, { dialog, call }),
      removeDialog: (dialog) => this.dialogs.delete(dialog.key),
    };
    for (const config of options.trunks) this.trunks.set(config.name, this.makeTrunk(config));
  }

  /** Begins to register. `bindings`: phones that were known before a restart. */
  start(nowMs: number, bindings: readonly Binding[] = []): void {
    this.registrar.restore(
      bindings.filter(({ user }) => this.phones.has(user)),
      nowMs,
    );
    for (const trunk of this.trunks.values()) trunk.start(nowMs);
  }

  /** Takes over another configuration: what did not change goes on undisturbed, calls do in any case. */
  configure(phones: readonly PhoneConfig[], trunks: readonly TrunkConfig[], nowMs: number): void {
    const before = new Map(this.phones);
    this.phones.clear();
    for (const phone of phones) this.phones.set(phone.user, phone);
    // Who has another secret must prove himself anew.
    for (const [user, { secret }] of before)
      if (JSON.stringify(secret) !== JSON.stringify(this.phones.get(user)?.secret)) this.registrar.remove(user);
    const wanted = new Map(trunks.map((config) => [config.name, config]));
    for (const [name, trunk] of this.trunks) {
      const config = wanted.get(name);
      if (config !== undefined && fingerprint(config) === fingerprint(trunk.config)) wanted.delete(name);
      else {
        trunk.stop(nowMs);
        this.trunks.delete(name);
      }
    }
    for (const config of wanted.values()) {
      const trunk = this.makeTrunk(config);
      this.trunks.set(config.name, trunk);
      trunk.start(nowMs);
    }
    this.pump(nowMs);
  }

  /** Hangs up every call and takes back our registrations; `isIdle` when all of it was acknowledged or given up. */
  stop(nowMs: number): void {
    for (const call of [...this.calls]) this.settleAfter(call, () => call.hangup('normal-clearing', nowMs));
    for (const trunk of this.trunks.values()) trunk.stop(nowMs);
  }

  /** Places a call; what becomes of it comes as events. Fails at once where it is known that there can be none. */
  placeCall(request: PlaceCall, nowMs: number): Call | CallFailure {
    const trunk = this.trunks.get(request.peer);
    if (trunk !== undefined) return this.callTrunk(trunk, request, nowMs);
    const phone = this.phones.get(request.peer);
    if (phone === undefined) return { failed: 'no-route', reason: `There is no SIP peer ${request.peer}.` };
    return this.callPhone(phone, request, nowMs);
  }

  /** The answer to a `resolve` output: where to go, in the order to try; none if there is no such host. */
  handleResolved(host: string, hops: readonly Hop[], nowMs: number): void {
    for (const trunk of this.trunks.values())
      if (trunk.config.registrar.host === host) trunk.handleResolved(hops, nowMs);
    this.pump(nowMs);
  }

  /** Our own address has changed: registers again at once, at one trunk or at all. */
  reregister(trunk: string | undefined, nowMs: number): void {
    for (const { config, registrant } of this.trunks.values())
      if (trunk === undefined || config.name === trunk) registrant?.reregister(nowMs);
  }

  /** Takes one datagram, or one whole message of a stream. */
  handleDatagram(bytes: Uint8Array, from: Hop, nowMs: number): void {
    const message = parseMessage(bytes);
    if (isMalformed(message)) {
      this.count(`sip.${message.reason}`);
      if (message.reason !== 'keep-alive')
        this.log.warn(`sip.${message.reason}`, 'A message could not be read.', nowMs, { from: formatHop(from) });
      if (message.refusal !== undefined && this.challenges.take(nowMs)) {
        const via = parseVia(message.refusal.echo.list('Via')[0] ?? '');
        const to = isMalformed(via) ? from : responseHop(via, from);
        // A Via that we could not check must not send our answer to somebody else.
        this.outputs.push({ type: 'transmit', to: { ...to, ip: from.ip }, bytes: encodeRefusal(message.refusal) });
      }
      return;
    }
    if (message.type === 'request' && this.registrar.isLockedOut(from, nowMs)) {
      this.count('sip.locked-out-request');
      return;
    }
    this.layer.handleMessage(message, from, nowMs);
    this.pump(nowMs);
  }

  /** Takes the bytes of a connection; `from.connection` says which. */
  handleBytes(chunk: Uint8Array, from: Hop & { readonly connection: number }, nowMs: number): void {
    const framer = this.framers.get(from.connection) ?? new StreamFramer();
    this.framers.set(from.connection, framer);
    for (const framed of framer.handleBytes(chunk)) this.handleFramed(framed, from, nowMs);
  }

  /** A connection has ended: what was bound over it is out of reach. */
  handleConnectionClosed(connection: number, nowMs: number): void {
    this.framers.delete(connection);
    this.registrar.handleConnectionClosed(connection);
    this.pump(nowMs);
  }

  /** The transport could not deliver to `to`. */
  handleUnreachable(to: Hop, nowMs: number): void {
    this.layer.handleUnreachable(to, nowMs);
    this.pump(nowMs);
  }

  handleTimeout(nowMs: number): void {
    this.layer.handleTimeout(nowMs);
    this.registrar.handleTimeout(nowMs);
    for (const trunk of this.trunks.values()) trunk.handleTimeout(nowMs);
    for (const call of [...this.calls]) this.settleAfter(call, () => call.handleTimeout(nowMs));
    this.pump(nowMs);
  }

  poll(): EndpointOutput | undefined {
    this.pump(undefined);
    return this.outputs.shift();
  }

  nextDeadline(): number | undefined {
    let next = earliest(this.layer.nextDeadline(), this.registrar.nextDeadline());
    for (const trunk of this.trunks.values()) next = earliest(next, trunk.nextDeadline());
    for (const call of this.calls) next = earliest(next, call.nextDeadline());
    return next;
  }

  /** Where a phone can be reached, the most wanted first. */
  bindingsOf(user: string): readonly Binding[] {
    return this.registrar.bindingsOf(user);
  }

  /** Phones that are registered here, to be kept over a restart. */
  get bindings(): readonly Binding[] {
    return this.registrar.bindings;
  }

  get trunkStatuses(): readonly TrunkStatus[] {
    return [...this.trunks.values()].map(({ status }) => status);
  }

  /** What is in use, for status and for tests that look for leaks. */
  get load(): { readonly calls: number; readonly dialogs: number; readonly transactions: number } {
    const { clients, servers } = this.layer.load;
    return { calls: this.calls.size, dialogs: this.dialogs.size, transactions: clients + servers };
  }

  /** Nothing is under way: after `stop`, the sockets can be closed. */
  get isIdle(): boolean {
    const { calls, dialogs, transactions } = this.load;
    return calls + dialogs + transactions === 0;
  }

  // What comes in.

  private handleFramed(framed: Framed, from: Hop & { readonly connection: number }, nowMs: number): void {
    switch (framed.type) {
      case 'message':
        this.handleDatagram(framed.bytes, from, nowMs);
        break;
      case 'ping':
        this.outputs.push({ type: 'transmit', to: from, bytes: Uint8Array.of(0x0d, 0x0a) });
        break;
      case 'broken':
        this.count(`sip.${framed.reason}`);
        this.outputs.push({ type: 'close', connection: from.connection });
    }
  }

  /** Takes what the machines below have to say. Without a time only what needs none: commands cause nothing else. */
  private pump(nowMs: number | undefined): void {
    for (let output = this.layer.poll(); output !== undefined; output = this.layer.poll()) {
      if (output.type === 'transmit') this.outputs.push(output);
      else if (nowMs !== undefined) this.dispatch(output, nowMs);
    }
    for (let output = this.registrar.poll(); output !== undefined; output = this.registrar.poll())
      this.outputs.push(output);
    for (const call of this.calls) if (call.isGone) this.settle(call);
  }

  private dispatch(output: Exclude<TransactionOutput, { type: 'transmit' }>, nowMs: number): void {
    switch (output.type) {
      case 'request':
        this.handleRequest(output.transaction, nowMs);
        break;
      case 'cancel': {
        const call = this.incoming.get(output.transaction);
        if (call !== undefined) this.settleAfter(call, () => call.handleCancel(output.cancel, nowMs));
        break;
      }
      case 'ack': {
        const call = this.findDialog(output.request)?.call;
        if (call === undefined) this.count('sip.stray-ack');
        else this.settleAfter(call, () => call.handleAck(output.request, nowMs));
        break;
      }
      case 'stray-success':
        this.count('sip.stray-success');
        break;
      case 'unacknowledged':
        break;
    }
  }

  private handleRequest(transaction: ServerTransaction, nowMs: number): void {
    const { request } = transaction;
    const refusal = checkRequest(request, ABILITIES);
    if (refusal !== undefined) {
      this.respond(transaction, refusal.status, refusal.headers, nowMs);
      return;
    }
    if (tagOf(request.to) !== undefined) {
      const known = this.findDialog(request);
      if (known === undefined) this.respond(transaction, 481, NONE, nowMs);
      else this.settleAfter(known.call, () => known.call.handleRequest(transaction, known.dialog, nowMs));
      return;
    }
    switch (request.method) {
      case 'REGISTER':
        this.handleRegister(transaction, nowMs);
        break;
      case 'INVITE':
        if (transaction instanceof InviteServerTransaction) this.handleInvite(transaction, nowMs);
        break;
      case 'OPTIONS':
        this.handleOptions(transaction, nowMs);
        break;
      default:
        this.respond(transaction, 481, NONE, nowMs);
    }
  }

  private handleRegister(transaction: ServerTransaction, nowMs: number): void {
    const response = this.registrar.handleRegister(transaction.request, transaction.from, nowMs);
    if (response === undefined || (response.status === 401 && !this.challenges.take(nowMs))) return;
    this.layer.respond(transaction, response, nowMs);
  }

  private handleOptions(transaction: ServerTransaction, nowMs: number): void {
    const sender = this.identify(transaction, nowMs);
    if (typeof sender === 'string' && !this.isBoundAt(transaction.from)) {
      this.challenge(transaction, sender === 'stale', nowMs);
      return;
    }
    const { methods, extensions } = ABILITIES;
    const headers = [
      ['Allow', methods.join(', ')],
      ['Supported', extensions.join(', ')],
      ['Accept', SDP_TYPE],
    ] as const;
    this.respond(transaction, 200, headers, nowMs);
  }

  private handleInvite(transaction: InviteServerTransaction, nowMs: number): void {
    const { request, from } = transaction;
    const sender = this.identify(transaction, nowMs);
    if (typeof sender === 'string') {
      this.challenge(transaction, sender === 'stale', nowMs);
      return;
    }
    const config = sender.type === 'phone' ? sender.config : sender.trunk.config;
    const peer = sender.type === 'phone' ? sender.config.user : sender.trunk.config.name;
    if (config.context === undefined) {
      this.respond(transaction, 403, NONE, nowMs);
      return;
    }
    const isFull = sender.type === 'trunk' ? sender.trunk.isFull : this.isPhoneFull(sender.config);
    const stream = this.options.streams.next();
    const address = isFull ? undefined : this.options.openMedia(stream, from);
    if (address === undefined) {
      this.respond(transaction, isFull ? 486 : 503, NONE, nowMs);
      return;
    }
    const timing = answerSession(request.headers);
    const session = this.makeSession(address, config.codecs);
    const offer = request.body.length > 0 ? parseSdp(request.body) : undefined;
    const answer = offer === undefined || isMalformed(offer) ? undefined : session.answer(offer);
    if (timing === 'too-brief' || (offer !== undefined && answer === undefined)) {
      this.options.closeMedia(stream);
      if (timing === 'too-brief') this.respond(transaction, 422, [['Min-SE', String(SHORTEST_SESSION_S)]], nowMs);
      else this.respond(transaction, isMalformed(offer) ? 400 : 488, NONE, nowMs);
    } else {
      const called = userOf(request.uri);
      const isOurName = sender.type === 'trunk' && called === (sender.trunk.config.username ?? '');
      const isTrusted = sender.type === 'trunk' && sender.trunk.config.isTrusted === true;
      const own = sender.type === 'phone' ? sender.config.callerId : undefined;
      const call = new IncomingCallLeg(
        { id: ++this.lastCallId, direction: 'incoming', peer, stream },
        this.around,
        session,
        sender.type === 'trunk' ? sender.trunk.credentials : undefined,
        {
          transaction,
          localTag: this.makeTag(),
          answer,
          timing,
          request: {
            number: isOurName ? numberOf(request.to) : called,
            context: config.context,
            peer,
            caller: own ?? callerOf(request, isTrusted),
            redirectingNumber: redirectingNumber(request),
          },
        },
        nowMs,
      );
      this.addCall(call, sender.type === 'trunk' ? sender.trunk : undefined);
      this.incoming.set(transaction, call);
      if (!call.begin()) {
        this.options.closeMedia(stream);
        this.respond(transaction, 400, NONE, nowMs);
        this.removeCall(call);
      }
    }
  }

  /** A trunk is known by where it comes from, a phone by what it proves. */
  private identify({ request, from }: ServerTransaction, nowMs: number): Sender | 'stranger' | 'stale' {
    for (const trunk of this.trunks.values()) if (trunk.isAt(from.ip)) return { type: 'trunk', trunk };
    const identity = this.authenticator.identify(request, from, nowMs);
    if (identity.type === 'wrong') this.registrar.noteFailure(from, identity.username, nowMs);
    const config = identity.type === 'proven' ? this.phones.get(identity.username) : undefined;
    if (config !== undefined) return { type: 'phone', config };
    return identity.type === 'unproven' && identity.isStale ? 'stale' : 'stranger';
  }

  /** The same for everybody: whether there is such a number or such a user does not show. */
  private challenge(transaction: ServerTransaction, isStale: boolean, nowMs: number): void {
    if (!this.challenges.take(nowMs)) {
      this.count('sip.challenge-limit');
      return;
    }
    const values = this.authenticator.challenges(transaction.from, isStale, nowMs);
    this.respond(
      transaction,
      401,
      values.map((value) => ['WWW-Authenticate', value] as const),
      nowMs,
    );
  }

  // What goes out.

  private callTrunk(trunk: Trunk, request: PlaceCall, nowMs: number): Call | CallFailure {
    const { config } = trunk;
    if (trunk.isFull) return { failed: 'no-circuit', reason: `${config.name} has as many calls as it may have.` };
    const { reachable, reason } = trunk.status;
    if (reachable === false)
      return { failed: 'destination-out-of-order', reason: `${config.name} is unreachable. ${reason}` };
    const caller = request.caller.number === '' ? (config.callerId ?? request.caller) : request.caller;
    const uri = { ...config.registrar, user: sipUri({ host: 'x', user: request.number }).user };
    const { from, headers } = callerHeaders(caller, sipUri({ host: config.registrar.host }), config.isTrusted === true);
    const timeoutMs = config.setupTimeoutMs ?? DEFAULT_SETUP_TIMEOUT_MS;
    const to = nameAddr(uri);
    const call = this.makeOutgoing(request, config, trunk, { uri, from, to, headers, timeoutMs });
    trunk.withHops((hops, atMs) => this.settleAfter(call, () => call.start(hops, atMs)), nowMs);
    return call;
  }

  private callPhone(phone: PhoneConfig, request: PlaceCall, nowMs: number): Call | CallFailure {
    if (this.isPhoneFull(phone))
      return { failed: 'user-busy', reason: `${phone.user} has as many calls as it may have.` };
    const bindings = this.registrar.bindingsOf(phone.user);
    const binding =
      request.contact === undefined ? bindings[0] : bindings.find(({ contact }) => contact === request.contact);
    const uri = binding === undefined ? undefined : parseUri(binding.contact);
    if (binding === undefined || uri === undefined || isMalformed(uri) || !isSipUri(uri))
      return { failed: 'destination-out-of-order', reason: `${phone.user} is not registered here.` };
    const hop = hopOf(binding);
    const { from, headers } = callerHeaders(request.caller, sipUri(this.options.local(hop)), false);
    const path = binding.path.map((stop) => ['Route', stop] as const);
    const to = nameAddr(sipUri({ host: uri.host, user: phone.user }));
    const invitation = {
      uri: { ...uri, headers: [] },
      from,
      to,
      headers: [...path, ...headers],
      timeoutMs: PHONE_TIMEOUT_MS,
    };
    const call = this.makeOutgoing(request, phone, undefined, invitation);
    this.settleAfter(call, () => call.start([hop], nowMs));
    return call;
  }

  private makeOutgoing(
    request: PlaceCall,
    config: { readonly codecs: readonly CodecName[] },
    trunk: Trunk | undefined,
    invitation: ConstructorParameters<typeof OutgoingCallLeg>[4],
  ): OutgoingCallLeg {
    const call = new OutgoingCallLeg(
      { id: ++this.lastCallId, direction: 'outgoing', peer: request.peer, stream: request.stream },
      this.around,
      this.makeSession(request.media, request.codecs ?? config.codecs),
      trunk?.credentials,
      invitation,
    );
    this.addCall(call, trunk);
    return call;
  }

  // Book-keeping.

  private makeTrunk(config: TrunkConfig): Trunk {
    const { crypto, random, wallClock, local } = this.options;
    return new Trunk(config, {
      crypto,
      random,
      wallClock,
      local,
      send: (request, to, user, nowMs, timeoutMs) => void this.layer.send(request, to, user, nowMs, timeoutMs),
      resolve: (host, port) => this.outputs.push({ type: 'resolve', host, port }),
      changed: (trunk, status) => this.outputs.push({ type: 'registration', trunk, status }),
      reached: (trunk, state) => this.outputs.push({ type: 'trunk-state', trunk, ...state }),
    });
  }

  private makeSession(address: Address, codecs: readonly CodecName[]): MediaSession {
    const sessionId = String(this.options.random.integer(2 ** 31));
    return new MediaSession({ address, codecs, sessionId });
  }

  private isPhoneFull({ user, maxCalls }: PhoneConfig): boolean {
    if (maxCalls === undefined) return false;
    let calls = 0;
    for (const call of this.calls) if (call.peer === user) calls++;
    return calls >= maxCalls;
  }

  private isBoundAt(from: Hop): boolean {
    return this.registrar.bindings.some(({ ip }) => ip === from.ip);
  }

  private findDialog({ callId, to, from }: Request): { readonly dialog: Dialog; readonly call: CallLeg } | undefined {
    return this.dialogs.get(dialogKey(callId, tagOf(to) ?? '', tagOf(from) ?? ''));
  }

  private addCall(call: CallLeg, trunk: Trunk | undefined): void {
    this.calls.add(call);
    if (trunk === undefined) return;
    this.trunkOf.set(call, trunk);
    trunk.calls++;
  }

  private settleAfter(call: CallLeg, input: () => void): void {
    input();
    this.settle(call);
  }

  private settle(call: CallLeg): void {
    if (call.isGone) this.removeCall(call);
  }

  private removeCall(call: CallLeg): void {
    if (!this.calls.delete(call)) return;
    for (const [transaction, other] of this.incoming) if (other === call) this.incoming.delete(transaction);
    const trunk = this.trunkOf.get(call);
    this.trunkOf.delete(call);
    if (trunk !== undefined) trunk.calls--;
  }

  private respond(
    transaction: ServerTransaction,
    status: number,
    headers: NonNullable<ResponseParts['headers']>,
    nowMs: number,
  ): void {
    const response = makeResponse(transaction.request, status, { toTag: this.makeTag(), headers });
    this.layer.respond(transaction, response, nowMs);
  }

  private makeTag(): string {
    return toHex(this.options.crypto.randomBytes(8));
  }

  private count(reason: string): void {
    this.options.counters.increment(reason);
  }
}

/** The same for configurations that mean the same. */
function fingerprint(config: TrunkConfig): string {
  return JSON.stringify({ ...config, registrar: formatUri(config.registrar) });
}

function transportParameter(hop: Hop): ReadonlyMap<string, string | null> {
  return hop.transport === 'udp' ? new Map() : new Map([['transport', hop.transport]]);
}

/** The last who forwarded the call. [RFC5806] */
function redirectingNumber({ headers }: Request): string | null {
  const diversions = addressesOf(headers, 'Diversion');
  const [first] = isMalformed(diversions) ? [] : diversions;
  return first === undefined ? null : numberOf(first);
}
