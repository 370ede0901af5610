import { toHex } from '../base/bytes.ts';
import type { Address } from '../base/machine.ts';
import type { StreamId } from '../base/media-port.ts';
import { SRTP_KEY_LENGTH } from '../base/srtp.ts';
import { type Binding, hopOf } from './binding.ts';
import type { Call, CallFailure, PlaceCall } from './call.ts';
import type { CallLeg } from './call-leg.ts';
import type { CallTable } from './call-table.ts';
import { callerHeaders, callerOf, numberOf } from './caller-identity.ts';
import type { CallSurroundings } from './dialog-usage.ts';
import type { Doorkeeper, Sender } from './doorkeeper.ts';
import type { EndpointOptions } from './endpoint-options.ts';
import { ForkedCall } from './forked-call.ts';
import type { Hop, Transport } from './hop.ts';
import { IncomingCallLeg } from './incoming-call-leg.ts';
import type { InviteServerTransaction } from './invite-server-transaction.ts';
import { isMalformed } from './malformed.ts';
import { addressesOf, makeResponse, type Request } from './message.ts';
import { nameAddr } from './name-addr.ts';
import { MediaSession } from './offer-answer.ts';
import { type Invitation, OutgoingCallLeg } from './outgoing-call-leg.ts';
import type { PeerCodecs, PhoneConfig } from './peer.ts';
import { parseReplaces } from './replaces.ts';
import { parseSdp } from './sdp.ts';
import { answerSession, SHORTEST_SESSION_S } from './session-timer.ts';
import { type Trunk, transportOf } from './trunk.ts';
import { isSipUri, parseUri, type SipUri, sipUri, userOf } from './uri.ts';

const HEARD_BY_ALL = ['ulaw', 'alaw'] as const;
const DEFAULT_SETUP_TIMEOUT_MS = 4_000;
const PHONE_TIMEOUT_MS = 8_000;

/** How phones are asked to answer by themselves: there is no standard, and most makes know one of the two. */
const AUTO_ANSWER = [
  ['Call-Info', '<sip:auto-answer.invalid>;answer-after=0'],
  ['Alert-Info', '<http://auto-answer.invalid>;info=alert-autoanswer;delay=0'],
] as const;

/** Where calls begin: those that somebody places with us, and those that we place. */
export class CallMaker {
  constructor(
    private readonly options: EndpointOptions,
    private readonly around: CallSurroundings,
    private readonly calls: CallTable,
    private readonly door: Doorkeeper,
    private readonly isReachable: (binding: Binding) => boolean | null,
  ) {}

  /** An INVITE of somebody who proved who he is. */
  receive(transaction: InviteServerTransaction, sender: Sender, nowMs: number): void {
    const { request, from } = transaction;
    const config = sender.type === 'phone' ? sender.config : sender.trunk.config;
    const peer = sender.type === 'phone' ? sender.config.user : sender.trunk.config.name;
    const { context = '' } = config;
    const { number, caller } = whatIsAsked(request, sender);
    const mustGoThrough = sender.type === 'phone' && this.options.mustGoThrough?.(context, number) === true;
    if (config.context === undefined && !mustGoThrough) {
      this.refuse(transaction, 403, nowMs);
      return;
    }
    const replaced = this.whatIsReplaced(request, peer);
    if (typeof replaced === 'number') {
      this.refuse(transaction, replaced, nowMs);
      return;
    }
    const hasEnough =
      replaced !== undefined ? false : sender.type === 'trunk' ? sender.trunk.isFull : this.isPhoneFull(sender.config);
    const isFull = hasEnough && !mustGoThrough;
    const stream = this.options.streams.next();
    const address = isFull ? undefined : this.options.openMedia(stream, from);
    if (address === undefined) {
      this.refuse(transaction, isFull ? 486 : 503, nowMs);
      return;
    }
    const timing = answerSession(request.headers);
    const isExposed = isBareOfKeys(config, from.transport) && !mustGoThrough;
    const session = this.makeSession(stream, address, config, from.transport, mustGoThrough);
    const offer = request.body.length > 0 ? parseSdp(request.body) : undefined;
    const isFine = !isExposed && (offer === undefined || (!isMalformed(offer) && session.accepts(offer)));
    if (timing === 'too-brief' || !isFine || isMalformed(offer)) {
      this.options.closeMedia(stream);
      if (timing === 'too-brief') this.refuse(transaction, 422, nowMs, ['Min-SE', String(SHORTEST_SESSION_S)]);
      else this.refuse(transaction, isMalformed(offer) ? 400 : 488, nowMs);
      return;
    }
    const call = new IncomingCallLeg(
      { id: this.calls.nextId(), direction: 'incoming', peer, stream },
      this.around,
      session,
      sender.type === 'trunk' ? sender.trunk.credentials : undefined,
      {
        transaction,
        localTag: this.makeTag(),
        offer,
        timing,
        request: {
          number,
          context,
          peer,
          caller,
          redirectingNumber: redirectingNumber(request),
          ...(replaced === undefined ? {} : { replaces: replaced }),
        },
      },
      nowMs,
    );
    this.calls.add(call, sender.type === 'trunk' ? sender.trunk : undefined);
    this.calls.addIncoming(transaction, call);
    if (call.begin()) return;
    this.options.closeMedia(stream);
    this.refuse(transaction, 400, nowMs);
    this.calls.remove(call);
  }

  /**
   * The call that the INVITE is to take the place of, or the status that it is refused with. Who may have a call is whose
   * it is: another telephone of the same user, or whoever a trunk has sent here. [RFC3891 §3]
   */
  private whatIsReplaced({ headers }: Request, peer: string): CallLeg | number | undefined {
    const [text, ...more] = headers.all('Replaces');
    if (text === undefined) return undefined;
    const named = more.length > 0 ? undefined : parseReplaces(text);
    if (named === undefined) return 400;
    const call = this.around.findCall(named.callId, named.toTag, named.fromTag);
    if (call === undefined || call.peer !== peer) return 481;
    if (call.state === 'ending' || call.state === 'gone') return 603;
    if (call.state === 'up') return named.isEarlyOnly ? 486 : call;
    // A call of theirs that we have not answered is theirs to give up.
    return call.direction === 'outgoing' ? call : 481;
  }

  callTrunk(trunk: Trunk, request: PlaceCall, nowMs: number): Call | CallFailure {
    const { config } = trunk;
    if (trunk.isFull && request.emergency !== true)
      return { failed: 'no-circuit', reason: `${config.name} has as many calls as it may have.` };
    const { reachable, reason } = trunk.status;
    if (reachable === false && request.insist !== true)
      return { failed: 'destination-out-of-order', reason: `${config.name} is unreachable. ${reason}` };
    if (!isInCommon(config, request)) return withoutCodec(config.name);
    const transport = transportOf(config.registrar);
    if (isBareOfKeys(config, transport) && request.emergency !== true) return withoutKeys(config.name);
    const caller = request.caller.number === '' ? (config.callerId ?? request.caller) : request.caller;
    const user = request.number === '' ? undefined : sipUri({ host: 'x', user: request.number }).user;
    const uri = { ...config.registrar, user };
    const us = sipUri({ host: config.registrar.host, user: config.fromUser });
    const { from, headers } = callerHeaders(caller, us, config.isTrusted === true);
    const timeoutMs = config.setupTimeoutMs ?? DEFAULT_SETUP_TIMEOUT_MS;
    const to = nameAddr(uri);
    const invitation = { uri, from, to, headers, timeoutMs, judge: trunk };
    const call = this.makeOutgoing(request, config, trunk, invitation, transport);
    trunk.withHops((hops, atMs) => this.calls.settleAfter(call, () => call.start(hops, atMs)), nowMs);
    return call;
  }

  callPhone(phone: PhoneConfig, request: PlaceCall, nowMs: number): Call | CallFailure {
    if (this.isPhoneFull(phone) && request.emergency !== true)
      return { failed: 'user-busy', reason: `${phone.user} has as many calls as it may have.` };
    if (!isInCommon(phone, request)) return withoutCodec(phone.user);
    const bindings = flowsOf(this.door.registrar.bindingsOf(phone.user)).filter(
      ({ contact }) => request.contact === undefined || contact === request.contact,
    );
    const contacts = bindings.flatMap((binding) => {
      const uri = parseUri(binding.contact);
      return isMalformed(uri) || !isSipUri(uri) ? [] : [{ binding, uri, hop: hopOf(binding) }];
    });
    if (contacts.length === 0)
      return { failed: 'destination-out-of-order', reason: `${phone.user} is not registered here.` };
    const reachable = contacts.filter(({ binding }) => this.isReachable(binding) !== false);
    if (reachable.length === 0) return { failed: 'destination-out-of-order', reason: `${phone.user} does not answer.` };
    const isUrgent = request.emergency === true;
    const ways = reachable.filter(({ hop }) => isUrgent || !isBareOfKeys(phone, hop.transport));
    const [only, second] = ways;
    if (only === undefined) return withoutKeys(phone.user);
    if (second === undefined) return this.callContact(phone, request, only, this.around, this.calls.nextId(), nowMs);
    const fork = new ForkedCall(this.calls.nextId(), phone.user, request.stream, this.around.emit);
    const around: CallSurroundings = { ...this.around, emit: (branch, event) => fork.note(branch, event) };
    this.calls.addFork(fork);
    for (const way of ways) {
      const media = { ip: this.options.local(way.hop).host, port: request.media.port };
      fork.add(this.callContact(phone, { ...request, media }, way, around, fork.id, nowMs));
    }
    return fork;
  }

  private callContact(
    phone: PhoneConfig,
    request: PlaceCall,
    { binding, uri, hop }: { readonly binding: Binding; readonly uri: SipUri; readonly hop: Hop },
    around: CallSurroundings,
    id: number,
    nowMs: number,
  ): OutgoingCallLeg {
    const { from, headers } = callerHeaders(request.caller, sipUri(this.options.local(hop)), false);
    const path = binding.path.map((stop) => ['Route', stop] as const);
    const invitation: Invitation = {
      uri: { ...uri, headers: [] },
      from,
      to: nameAddr(sipUri({ host: uri.host, user: phone.user })),
      headers: [...path, ...headers, ...(request.autoAnswer === true ? AUTO_ANSWER : [])],
      timeoutMs: PHONE_TIMEOUT_MS,
    };
    const call = this.makeOutgoing(request, phone, undefined, invitation, hop.transport, around, id);
    this.calls.settleAfter(call, () => call.start([hop], nowMs));
    return call;
  }

  private makeOutgoing(
    request: PlaceCall,
    config: PeerCodecs,
    trunk: Trunk | undefined,
    invitation: Invitation,
    transport: Transport,
    around = this.around,
    id = this.calls.nextId(),
  ): OutgoingCallLeg {
    const { stream, media, voices = [], isBound = false, video = [] } = request;
    const isUrgent = request.emergency === true;
    const session = this.makeSession(stream, media, config, transport, isUrgent);
    session.voice.offerFor(voices, isBound);
    session.see(video);
    const call = new OutgoingCallLeg(
      { id, direction: 'outgoing', peer: request.peer, stream: request.stream },
      around,
      session,
      trunk?.credentials,
      invitation,
    );
    this.calls.add(call, trunk);
    return call;
  }

  /** Keys are told over TLS only; where voice may be sealed there is no picture, which could not be. */
  private makeSession(
    stream: StreamId,
    address: Address,
    { codecs, video = [], srtp }: PeerCodecs,
    transport: Transport,
    isUrgent: boolean,
  ): MediaSession {
    const policy = isUrgent && srtp === 'required' ? 'optional' : srtp;
    const isSealed = policy !== undefined && transport === 'tls';
    const makeKey = () => this.options.crypto.randomBytes(SRTP_KEY_LENGTH);
    const sessionId = String(this.options.random.integer(2 ** 31));
    const port = () => this.options.openVideo?.(stream);
    return new MediaSession({
      address,
      // Whatever the configuration says: a call for help is one that everything here can hear.
      codecs: isUrgent ? [...new Set([...codecs, ...HEARD_BY_ALL])] : codecs,
      sessionId,
      ...(video.length === 0 || isSealed ? {} : { video: { codecs: video, port } }),
      ...(policy === undefined || !isSealed ? {} : { srtp: { policy, makeKey } }),
    });
  }

  private isPhoneFull({ user, maxCalls }: PhoneConfig): boolean {
    return maxCalls !== undefined && this.calls.countOf(user) >= maxCalls;
  }

  private refuse(
    transaction: InviteServerTransaction,
    status: number,
    nowMs: number,
    ...headers: (readonly [string, string])[]
  ): void {
    const response = makeResponse(transaction.request, status, { toTag: this.makeTag(), headers });
    this.around.layer.respond(transaction, response, nowMs);
  }

  private makeTag(): string {
    return toHex(this.options.crypto.randomBytes(8));
  }
}

/** Of several flows of one phone the best: it must not be called twice. [RFC5626 §5.3] */
function flowsOf(bindings: readonly Binding[]): readonly Binding[] {
  return bindings.filter(
    ({ instance }, i) => instance === undefined || bindings.findIndex((one) => one.instance === instance) === i,
  );
}

/** SRTP is demanded where its keys would be told to whoever listens. [RFC4568 §7] */
function isBareOfKeys({ srtp }: PeerCodecs, transport: Transport): boolean {
  return srtp === 'required' && transport !== 'tls';
}

/** A party that has no G.711 talks only to whoever may have what it has. */
function isInCommon({ codecs }: PeerCodecs, { voices = [], isBound = false }: PlaceCall): boolean {
  return !isBound || voices.some(({ codec }) => codecs.includes(codec));
}

function withoutCodec(peer: string): CallFailure {
  return { failed: 'bearer-unavailable', reason: `None of the codecs of ${peer} fits the other end of the call.` };
}

function withoutKeys(peer: string): CallFailure {
  return { failed: 'bearer-unavailable', reason: `${peer} must have SRTP, and is not reached over TLS.` };
}

/** Whom a call is for and whom it comes from; a provider calls us by the name that we registered with. */
function whatIsAsked(request: Request, sender: Sender) {
  const called = userOf(request.uri);
  if (sender.type === 'phone') return { number: called, caller: sender.config.callerId ?? callerOf(request, false) };
  const { username, isTrusted } = sender.trunk.config;
  const number = called === (username ?? '') ? numberOf(request.to) : called;
  return { number, caller: callerOf(request, isTrusted === true) };
}

/** The last who forwarded the call. [RFC5806] */
function redirectingNumber({ headers }: Request): string | null {
  const diversions = addressesOf(headers, 'Diversion');
  const [first] = isMalformed(diversions) ? [] : diversions;
  return first === undefined ? null : numberOf(first);
}
