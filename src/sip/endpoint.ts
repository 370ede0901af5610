import { RateLimitedLog } from '../base/log.ts';
import { earliest, type Machine } from '../base/machine.ts';
import type { StreamId } from '../base/media-port.ts';
import type { MessageCount } from '../base/message-count.ts';
import { Queue } from '../base/queue.ts';
import { type Binding, hopOf } from './binding.ts';
import type { Call, CallEvent, CallFailure, PlaceCall } from './call.ts';
import type { CallLeg } from './call-leg.ts';
import { CallMaker } from './call-maker.ts';
import { CallTable } from './call-table.ts';
import type { Dialog } from './dialog.ts';
import { Doorkeeper } from './doorkeeper.ts';
import type { EndpointOptions } from './endpoint-options.ts';
import type { EndpointOutput } from './endpoint-output.ts';
import { formatHop, type Hop, transportParameter } from './hop.ts';
import { isMalformed } from './malformed.ts';
import { type Mailboxes, MessageNotifier } from './message-notifier.ts';
import { parseMessage } from './parse.ts';
import type { PhoneConfig, TrunkConfig, TrunkStatus } from './peer.ts';
import { PhoneWatch } from './phone-watch.ts';
import { NOT_ASKED, type Reachability } from './qualify.ts';
import { isScanner } from './scanner.ts';
import { type Flood, StrangerGate } from './stranger-gate.ts';
import { type ConnectedHop, StreamConnections } from './stream-connections.ts';
import type { Framed } from './stream-framer.ts';
import { TransactionLayer, type TransactionOutput } from './transaction-layer.ts';
import type { WantedHost } from './trunk.ts';
import { TrunkTable } from './trunk-table.ts';
import { sipUri } from './uri.ts';
import { type AdoptedBy, UserAgentServer } from './user-agent-server.ts';
import { parseVia, responseHop } from './via.ts';
import { encodeRefusal } from './write.ts';

export type { Binding } from './binding.ts';
export type { Call, CallEvent, CallFailure, CallRequest, CallState, HangupBy, PlaceCall } from './call.ts';
export type { CallerId } from './caller-identity.ts';
export type { CodecName } from './codec.ts';
export type { DigestSecret } from './digest.ts';
export type { EndpointOptions } from './endpoint-options.ts';
export type { EndpointOutput } from './endpoint-output.ts';
export type { Hop, Transport } from './hop.ts';
export { type Direction, type MediaAgreement, receives, sends, type VideoAgreement } from './offer-answer.ts';
export type { PhoneConfig, TrunkConfig, TrunkStatus } from './peer.ts';
export type { QualifyConfig, Reachability } from './qualify.ts';
export type { RegistrationState, RegistrationStatus } from './registrant.ts';

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
  private readonly trunks: TrunkTable;
  private readonly door: Doorkeeper;
  private readonly phoneWatch: PhoneWatch | undefined;
  private readonly notifier: MessageNotifier;
  private readonly calls = new CallTable();
  private readonly maker: CallMaker;
  private readonly gate = new StrangerGate();
  private readonly connections: StreamConnections;
  private readonly server: UserAgentServer;
  private readonly log: RateLimitedLog;

  constructor(private readonly options: EndpointOptions) {
    const { crypto, counters, random, wallClock, local, forceRport, qualifyPhones } = options;
    this.log = new RateLimitedLog(options.log, 'sip');
    this.layer = new TransactionLayer({
      crypto,
      counters,
      sentBy: local,
      largeRequests: {
        takesTcp: (target, nowMs) => this.trunks.takesTcp(target, nowMs),
        noteTcpFailure: (target, nowMs) => this.trunks.noteTcpFailure(target, nowMs),
      },
      ...(forceRport === undefined ? {} : { forceRport }),
    });
    this.trunks = new TrunkTable(options.trunks, {
      crypto,
      random,
      wallClock,
      local,
      send: (request, to, user, nowMs, timeoutMs) => void this.layer.send(request, to, user, nowMs, timeoutMs),
      resolve: (wanted) => this.outputs.push({ type: 'resolve', ...wanted }),
      lost: (trunk, target, nowMs) => {
        this.count('sip.target-failed');
        this.log.warn(
          'sip.target-failed',
          'An address of a trunk does not serve us; the others are tried first.',
          nowMs,
          {
            trunk,
            address: formatHop(target),
          },
        );
      },
      changed: (trunk, status) => this.outputs.push({ type: 'registration', trunk, status }),
      reached: (trunk, state) => this.outputs.push({ type: 'trunk-state', trunk, ...state }),
      messagesChanged: (trunk) => this.outputs.push({ type: 'messages', trunk }),
    });
    this.door = new Doorkeeper(options, (from) => this.trunks.at(from));
    const { door } = this;
    this.connections = new StreamConnections((from) => door.isKnown(from) || door.hasProven(from.connection));
    if (qualifyPhones !== undefined) {
      this.phoneWatch = new PhoneWatch({
        qualify: qualifyPhones,
        crypto,
        random,
        local,
        send: (request, to, user, nowMs, timeoutMs) => void this.layer.send(request, to, user, nowMs, timeoutMs),
        changed: (user, contact, state) => this.outputs.push({ type: 'phone-state', user, contact, ...state }),
      });
    }
    const contact = (hop: Hop) => sipUri({ ...local(hop), parameters: transportParameter(hop) });
    this.notifier = new MessageNotifier({ crypto, layer: this.layer, contact });
    const around = {
      layer: this.layer,
      crypto,
      random,
      counters,
      contact,
      emit: (call: Call, event: CallEvent) => this.outputs.push({ type: 'call', call, event }),
      addDialog: (dialog: Dialog, call: CallLeg) => this.calls.addDialog(dialog, call),
      removeDialog: (dialog: Dialog) => this.calls.removeDialog(dialog),
      findCall: (callId: string, localTag: string, remoteTag: string) =>
        this.calls.withDialog(callId, localTag, remoteTag),
    };
    this.maker = new CallMaker(options, around, this.calls, this.door, (binding) => this.isReachable(binding));
    const { layer, calls, maker, notifier, trunks } = this;
    const adopted = (phone: AdoptedBy) => this.outputs.push({ type: 'adopted', ...phone });
    this.server = new UserAgentServer({ crypto, layer, door, calls, maker, notifier, trunks, adopted });
  }

  /** Begins to register. `bindings`: phones that were known before a restart. */
  start(nowMs: number, bindings: readonly Binding[] = []): void {
    this.door.registrar.restore(
      bindings.filter(({ user }) => this.door.phone(user) !== undefined),
      nowMs,
    );
    this.trunks.start(nowMs);
    this.pump(nowMs);
  }

  /** Takes over another configuration: what did not change goes on undisturbed, calls do in any case. */
  configure(phones: readonly PhoneConfig[], trunks: readonly TrunkConfig[], nowMs: number): void {
    this.door.configure(phones);
    this.trunks.configure(trunks, nowMs);
    this.pump(nowMs);
  }

  /** Hangs up every call and takes back our registrations; `isIdle` when all of it was acknowledged or given up. */
  stop(nowMs: number): void {
    this.calls.hangUpAll(nowMs);
    this.trunks.stop(nowMs);
    this.phoneWatch?.stop();
    this.notifier.stop();
  }

  /** What waits in the mailbox of each phone that has one; those whom a change is about are told. */
  setMailboxes(mailboxes: Mailboxes, nowMs: number): void {
    this.notifier.setMailboxes(mailboxes, nowMs);
    this.pump(nowMs);
  }

  /** What a trunk has said last of a mailbox there; null: nothing. */
  messagesAt(trunk: string, box: string): MessageCount | null {
    return this.trunks.named(trunk)?.messagesIn(box) ?? null;
  }

  /** Places a call; what becomes of it comes as events. Fails at once where it is known that there can be none. */
  placeCall(request: PlaceCall, nowMs: number): Call | CallFailure {
    const trunk = this.trunks.named(request.peer);
    if (trunk !== undefined) return this.maker.callTrunk(trunk, request, nowMs);
    const phone = this.door.phone(request.peer);
    if (phone === undefined) return { failed: 'no-route', reason: `There is no SIP peer ${request.peer}.` };
    return this.maker.callPhone(phone, request, nowMs);
  }

  /**
   * Lets in one phone that has no secret here, if it proves the one that this gives; then or after that time it is over.
   * `isFree`: whether a phone may come in under that user name.
   */
  openAdoption(durationMs: number, isFree: (user: string) => boolean, nowMs: number): string {
    return this.door.adoption.open(durationMs, isFree, nowMs);
  }

  closeAdoption(): void {
    this.door.adoption.close();
  }

  /** When adopt mode ends by itself; undefined while it is not on. */
  get adoptionEndsMs(): number | undefined {
    return this.door.adoption.untilMs;
  }

  /** The answer to a `resolve` output: where to go, in the order to try; none if there is no such host. */
  handleResolved(wanted: WantedHost, hops: readonly Hop[], nowMs: number): void {
    this.trunks.handleResolved(wanted, hops, nowMs);
    this.pump(nowMs);
  }

  /** Our own address has changed: registers again at once, at one trunk or at all. */
  reregister(trunk: string | undefined, nowMs: number): void {
    this.trunks.reregister(trunk, nowMs);
  }

  /** Takes one datagram, or one whole message of a stream. */
  handleDatagram(bytes: Uint8Array, from: Hop, nowMs: number): void {
    const isKnown = this.door.isKnown(from);
    if (!isKnown && !this.passesGate(from, nowMs)) return;
    const message = parseMessage(bytes);
    if (isMalformed(message)) {
      this.count(`sip.${message.reason}`);
      if (message.reason !== 'keep-alive')
        this.log.warn(`sip.${message.reason}`, 'A message could not be read.', nowMs, { from: formatHop(from) });
      if (message.refusal !== undefined) {
        const via = parseVia(message.refusal.echo.list('Via')[0] ?? '');
        const to = isMalformed(via) ? from : responseHop(via, from);
        // A Via that we could not check must not send our answer to somebody else.
        this.outputs.push({ type: 'transmit', to: { ...to, ip: from.ip }, bytes: encodeRefusal(message.refusal) });
      }
      return;
    }
    if (message.type === 'request' && this.door.registrar.isLockedOut(from, nowMs)) {
      this.count('sip.locked-out-request');
      return;
    }
    if (message.type === 'request' && !isKnown && isScanner(message)) {
      this.drop('scanner', from, nowMs);
      return;
    }
    this.layer.handleMessage(message, from, nowMs);
    this.pump(nowMs);
  }

  /** Takes the bytes of a connection; `from.connection` says which. */
  handleBytes(chunk: Uint8Array, from: ConnectedHop, nowMs: number): void {
    for (const framed of this.connections.handleBytes(chunk, from, nowMs)) this.handleFramed(framed, from, nowMs);
  }

  /** A connection has ended: what was bound over it is out of reach. */
  handleConnectionClosed(connection: number, nowMs: number): void {
    this.connections.handleClosed(connection);
    this.door.handleConnectionClosed(connection);
    this.pump(nowMs);
  }

  /** The transport could not deliver to `to`. */
  handleUnreachable(to: Hop, nowMs: number): void {
    this.layer.handleUnreachable(to, nowMs);
    this.pump(nowMs);
  }

  handleTimeout(nowMs: number): void {
    this.layer.handleTimeout(nowMs);
    this.door.registrar.handleTimeout(nowMs);
    this.trunks.handleTimeout(nowMs);
    this.phoneWatch?.handleTimeout(nowMs);
    this.notifier.handleTimeout(nowMs);
    if (nowMs >= (this.adoptionEndsMs ?? Number.POSITIVE_INFINITY)) {
      this.closeAdoption();
      this.outputs.push({ type: 'adoption-expired' });
    }
    this.calls.handleTimeout(nowMs);
    for (const connection of this.connections.takeOverdue(nowMs)) {
      this.count('sip.connection-unproven');
      this.outputs.push({ type: 'close', connection });
    }
    this.pump(nowMs);
  }

  poll(): EndpointOutput | undefined {
    this.pump(undefined);
    return this.outputs.shift();
  }

  nextDeadline(): number | undefined {
    const below = earliest(this.layer.nextDeadline(), this.door.registrar.nextDeadline());
    const above = earliest(
      earliest(this.trunks.nextDeadline(), this.notifier.nextDeadline()),
      this.calls.nextDeadline(),
    );
    const beside = earliest(this.phoneWatch?.nextDeadline(), this.connections.nextDeadline());
    return earliest(earliest(below, above), earliest(beside, this.adoptionEndsMs));
  }

  /** Where a phone can be reached, the most wanted first. */
  bindingsOf(user: string): readonly Binding[] {
    return this.door.registrar.bindingsOf(user);
  }

  /** Whether a phone answers at that binding; null where that is not known. */
  isReachable(binding: Binding): boolean | null {
    return this.phoneWatch?.stateOf(binding) ?? null;
  }

  /** What qualify measures of a phone. */
  measuresOf(user: string): Reachability {
    return this.phoneWatch?.measuresOf(user) ?? NOT_ASKED;
  }

  /** The first hop of a call to that phone or trunk, as far as it is known. */
  wayTo(peer: string): Hop | undefined {
    const [binding] = this.bindingsOf(peer);
    return this.trunks.named(peer)?.firstHop ?? (binding === undefined ? undefined : hopOf(binding));
  }

  /** Phones that are registered here, to be kept over a restart. */
  get bindings(): readonly Binding[] {
    return this.door.registrar.bindings;
  }

  get trunkStatuses(): readonly TrunkStatus[] {
    return this.trunks.statuses;
  }

  /** The Call-IDs of the dialogs whose voice a stream is. */
  callIdsOf(stream: StreamId): readonly string[] {
    return this.calls.callIdsOf(stream);
  }

  /** What is in use, for status and for tests that look for leaks. */
  get load(): {
    readonly calls: number;
    readonly dialogs: number;
    readonly subscriptions: number;
    readonly transactions: number;
  } {
    const { clients, servers } = this.layer.load;
    return {
      calls: this.calls.size,
      dialogs: this.calls.dialogCount,
      subscriptions: this.notifier.size,
      transactions: clients + servers,
    };
  }

  /** Nothing is under way: after `stop`, the sockets can be closed. */
  get isIdle(): boolean {
    const { calls, dialogs, transactions } = this.load;
    return calls + dialogs + transactions === 0;
  }

  // What comes in.

  /** What is too much from strangers is dropped unread. */
  private passesGate(from: Hop, nowMs: number): boolean {
    const flood = this.gate.judge(from, nowMs);
    if (flood !== undefined) this.drop(flood, from, nowMs);
    return flood === undefined;
  }

  private drop(why: Flood | 'scanner', from: Hop, nowMs: number): void {
    this.count(`sip.${why}`);
    if (this.gate.isNews(from, why, nowMs)) this.outputs.push({ type: 'security', event: why, from, username: '' });
  }

  private handleFramed(framed: Framed, from: ConnectedHop, nowMs: number): void {
    switch (framed.type) {
      case 'message':
        this.handleDatagram(framed.bytes, from, nowMs);
        if (this.connections.takeProof(from)) this.outputs.push({ type: 'proven', connection: from.connection });
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
    if (nowMs !== undefined) {
      this.pumpRegistrar(nowMs);
      this.calls.settleForks(nowMs);
    }
    this.calls.settleAll();
  }

  private pumpRegistrar(nowMs: number): void {
    const { registrar } = this.door;
    for (let output = registrar.poll(); output !== undefined; output = registrar.poll()) {
      this.outputs.push(output);
      if (output.type !== 'bindings') continue;
      this.phoneWatch?.follow(output.user, output.bindings, nowMs);
      this.notifier.follow(output.user, output.bindings, nowMs);
    }
  }

  private dispatch(output: Exclude<TransactionOutput, { type: 'transmit' }>, nowMs: number): void {
    switch (output.type) {
      case 'request':
        this.server.handleRequest(output.transaction, nowMs);
        break;
      case 'cancel': {
        const call = this.calls.invitedBy(output.transaction);
        if (call !== undefined) this.calls.settleAfter(call, () => call.handleCancel(output.cancel, nowMs));
        break;
      }
      case 'ack': {
        const call = this.calls.find(output.request)?.call;
        if (call === undefined) this.count('sip.stray-ack');
        else this.calls.settleAfter(call, () => call.handleAck(output.request, nowMs));
        break;
      }
      case 'stray-success':
        this.count('sip.stray-success');
        break;
      case 'unacknowledged':
        break;
    }
  }

  private count(reason: string): void {
    this.options.counters.increment(reason);
  }
}
