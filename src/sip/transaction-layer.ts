import { Agenda } from '../base/agenda.ts';
import { toHex } from '../base/bytes.ts';
import type { Counters } from '../base/counters.ts';
import type { Crypto } from '../base/crypto.ts';
import { earliest, type Machine } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { type Hop, isSameFlow, overTcp, type SipTransmit } from './hop.ts';
import { cancelOf, InviteClientTransaction } from './invite-client-transaction.ts';
import { InviteServerTransaction } from './invite-server-transaction.ts';
import { type Message, makeResponse, type Request, type Response } from './message.ts';
import { tagOf } from './name-addr.ts';
import { NonInviteClientTransaction } from './non-invite-client-transaction.ts';
import { NonInviteServerTransaction } from './non-invite-server-transaction.ts';
import { type Stragglers, StragglerTable } from './straggler-table.ts';
import {
  type ClientTransactionUser,
  DEFAULT_TIMER_BASE,
  type TimerBase,
  type TransactionFailure,
  type TransactionSurroundings,
} from './transaction.ts';
import { clientKey, isOldStyle, mergeKey, serverKey } from './transaction-key.ts';
import type { HostPort } from './uri.ts';
import { MAGIC_COOKIE, responseHop, stampVia, type Via } from './via.ts';
import { encodeMessage } from './write.ts';

export type ClientTransaction = InviteClientTransaction | NonInviteClientTransaction;
export type ServerTransaction = InviteServerTransaction | NonInviteServerTransaction;

/** What the layer gives from `poll()`. Responses go to the user that its transaction was begun with. */
export type TransactionOutput =
  | SipTransmit
  /** A request that is no repetition; `transaction.respond` answers it. Never ACK or CANCEL. */
  | { readonly type: 'request'; readonly transaction: ServerTransaction }
  /** The client wants the end of an INVITE that has no final response. The CANCEL itself is answered. */
  | { readonly type: 'cancel'; readonly transaction: InviteServerTransaction; readonly cancel: Request }
  /** The ACK of a 2xx. */
  | { readonly type: 'ack'; readonly request: Request; readonly from: Hop }
  /** Our refusal of an INVITE was never acknowledged. */
  | { readonly type: 'unacknowledged'; readonly transaction: InviteServerTransaction }
  /** A 2xx to an INVITE whose transaction is long over. */
  | { readonly type: 'stray-success'; readonly response: Response; readonly from: Hop };

/** A request without Via: the layer adds it. */
export type OutgoingRequest = Omit<Request, 'vias' | 'type'>;

export interface TransactionLayerOptions {
  readonly crypto: Crypto;
  readonly counters: Counters;
  /** What we call ourselves in Via towards there. */
  readonly sentBy: (to: Hop) => HostPort;
  readonly base?: TimerBase;
  /** Whether responses on UDP go to the port that the request came from, also where nobody asked for it. */
  readonly forceRport?: (from: Hop) => boolean;
  /** For requests too large for a datagram; absent: nobody takes them otherwise. [RFC3261 §18.1.1] */
  readonly largeRequests?: LargeRequests;
  /** Server transactions at a time, those that only wait for stragglers given up first; more are answered 503 and forgotten. */
  readonly maxServerTransactions?: number;
}

export interface LargeRequests {
  /** Whether what is too large for a datagram may go there by TCP. */
  takesTcp(target: Hop, nowMs: number): boolean;
  /** Nobody answered there by TCP. */
  noteTcpFailure(target: Hop, nowMs: number): void;
}

/** Larger requests go over TCP, unless the path is known to carry more. [RFC3261 §18.1.1] */
const MAX_DATAGRAM_BYTES = 1_300;
/** What the Via adds that is not there yet: its branch is as long as all of ours are. */
const VIA_BYTES = 100;

const DEFAULT_MAX_SERVER_TRANSACTIONS = 16_384;
const BRANCH_BYTES = 10;

/** Every transaction under way, in both roles, and who gets what comes in. [RFC3261 §17] */
export class TransactionLayer implements Machine<TransactionOutput> {
  private readonly outputs = new Queue<TransactionOutput>();
  private readonly clients = new Map<string, ClientTransaction>();
  private readonly servers = new Map<string, ServerTransaction>();
  private readonly stragglers = new StragglerTable();
  /** INVITEs that were refused and wait for the ACK, in the order of their refusals. */
  private readonly refused = new Set<InviteServerTransaction>();
  private readonly merges = new Map<string, ServerTransaction>();
  private readonly agenda = new Agenda<ClientTransaction | ServerTransaction>();
  private readonly around: TransactionSurroundings;

  constructor(private readonly options: TransactionLayerOptions) {
    this.around = {
      base: options.base ?? DEFAULT_TIMER_BASE,
      transmit: (to, message) => this.transmit(to, message),
      repeat: (to, bytes) => this.repeat(to, bytes),
    };
  }

  /**
   * Begins a client transaction. Not for ACK and CANCEL. `timeoutMs`: when to give up, instead of 64·T1. What is too large
   * for a datagram goes over TCP, and by datagram where that is refused; who wants to know by what asks `wayOf` before.
   */
  send(
    request: OutgoingRequest,
    to: Hop,
    user: ClientTransactionUser,
    nowMs: number,
    timeoutMs?: number,
  ): ClientTransaction {
    const way = this.wayOf(request, to, nowMs);
    const begin = (hop: Hop, by: ClientTransactionUser, atMs: number) =>
      this.begin({ ...request, type: 'request', vias: [this.makeVia(hop)] }, hop, by, atMs, timeoutMs);
    if (way === to) return begin(to, user, nowMs);
    const handleFailure = (why: TransactionFailure, atMs: number) => {
      this.options.largeRequests?.noteTcpFailure(way, atMs);
      if (why === 'unreachable') begin(to, user, atMs);
      else user.handleFailure(why, atMs);
    };
    return begin(
      way,
      { handleResponse: (response, atMs) => user.handleResponse(response, atMs), handleFailure },
      nowMs,
    );
  }

  /** By what a request goes to a hop: the dialog goes on as the far end's Contact says, whatever its requests need. */
  wayOf(request: OutgoingRequest, to: Hop, nowMs: number): Hop {
    if (to.transport !== 'udp' || this.options.largeRequests?.takesTcp(to, nowMs) !== true) return to;
    const bytes = encodeMessage({ ...request, type: 'request', vias: [] }).length + VIA_BYTES;
    return bytes > MAX_DATAGRAM_BYTES ? overTcp(to) : to;
  }

  /** Cancels an INVITE; before a provisional response came, that is not legal and does nothing. [RFC3261 §9.1] */
  cancel(invite: InviteClientTransaction, nowMs: number, reason?: string): boolean {
    if (invite.state !== 'proceeding') return false;
    const nobody = { handleResponse: () => {}, handleFailure: () => {} };
    this.begin(cancelOf(invite.request, reason), invite.to, nobody, nowMs, undefined);
    invite.expectEnd(nowMs);
    this.settle(invite);
    return true;
  }

  /** Sends the ACK of a 2xx, which is no transaction; gives what to send again when the 2xx comes again. */
  sendAck(request: OutgoingRequest, to: Hop): Request {
    const ack: Request = { ...request, type: 'request', vias: [this.makeVia(to)] };
    this.transmit(to, ack);
    return ack;
  }

  /** For what is sent outside of transactions, ACKs again among them. */
  transmit(to: Hop, message: Message): Uint8Array {
    const bytes = encodeMessage(message);
    this.repeat(to, bytes);
    return bytes;
  }

  respond(transaction: ServerTransaction, response: Response, nowMs: number): void {
    transaction.respond(response, nowMs);
    this.settleServer(transaction, nowMs);
  }

  handleMessage(message: Message, from: Hop, nowMs: number): void {
    if (message.type === 'response') this.handleResponse(message, from, nowMs);
    else this.handleRequest(this.stamp(message, from), from, nowMs);
  }

  /** The transport could not deliver to `to`. */
  handleUnreachable(to: Hop, nowMs: number): void {
    for (const client of [...this.clients.values()]) {
      if (!isSameFlow(client.to, to)) continue;
      client.handleUnreachable(nowMs);
      this.settle(client);
    }
  }

  handleTimeout(nowMs: number): void {
    for (let due = this.agenda.take(nowMs); due !== undefined; due = this.agenda.take(nowMs)) {
      due.handleTimeout(nowMs);
      if (isServer(due)) this.settleServer(due, nowMs);
      else this.settle(due);
    }
    this.stragglers.handleTimeout(nowMs);
  }

  poll(): TransactionOutput | undefined {
    return this.outputs.shift();
  }

  nextDeadline(): number | undefined {
    return earliest(this.agenda.next(), this.stragglers.nextDeadline());
  }

  /** How many are under way, for status and for tests that look for leaks. */
  get load(): { readonly clients: number; readonly servers: number } {
    return { clients: this.clients.size, servers: this.servers.size + this.stragglers.size };
  }

  private begin(
    request: Request,
    to: Hop,
    user: ClientTransactionUser,
    nowMs: number,
    timeoutMs: number | undefined,
  ): ClientTransaction {
    const Kind = request.method === 'INVITE' ? InviteClientTransaction : NonInviteClientTransaction;
    const transaction = new Kind(request, to, this.around, user, timeoutMs, nowMs);
    this.clients.set(transaction.key, transaction);
    this.settle(transaction);
    return transaction;
  }

  private handleResponse(response: Response, from: Hop, nowMs: number): void {
    const client = this.clients.get(clientKey(response));
    if (client !== undefined) {
      client.handleResponse(response, nowMs);
      this.settle(client);
    } else if (response.cseq.method === 'INVITE' && response.status >= 200 && response.status < 300)
      this.outputs.push({ type: 'stray-success', response, from });
    else this.options.counters.increment('sip.stray-response');
  }

  private handleRequest(request: Request, from: Hop, nowMs: number): void {
    const key = serverKey(request);
    const known = this.servers.get(key);
    const over = known === undefined ? this.stragglers.get(key) : undefined;
    if (request.method === 'ACK') this.handleAck(request, known, over, from, nowMs);
    else if (known !== undefined) known.handleRepetition();
    else if (over !== undefined) {
      if (over.answer !== undefined) this.repeat(over.answer.to, over.answer.bytes);
    } else if (this.hasRoom()) this.beginServer(key, request, from, nowMs);
    else {
      this.options.counters.increment('sip.too-many-transactions');
      this.transmit(
        responseHop(request.vias[0]!, from),
        makeResponse(request, 503, { headers: [['Retry-After', '10']] }),
      );
    }
  }

  private handleAck(
    ack: Request,
    known: ServerTransaction | undefined,
    over: Stragglers | undefined,
    from: Hop,
    nowMs: number,
  ): void {
    const invite = known instanceof InviteServerTransaction ? known : undefined;
    const tag = invite?.last === undefined ? over?.toTag : tagOf(invite.last.to);
    // The ACK of a client of RFC 2543 is known by the tag that it got besides.
    const isOfThis = !isOldStyle(ack) || (tag !== undefined && tag === tagOf(ack.to));
    if (isOfThis && invite !== undefined) {
      invite.handleAck();
      this.settleServer(invite, nowMs);
    } else if (!isOfThis || over?.takesAck !== true) this.outputs.push({ type: 'ack', request: ack, from });
  }

  /**
   * Who repeats himself does so within seconds: under load those that are over make room for those that begin, and when
   * there are none, INVITEs that were refused. Nobody needs a secret to leave thousands of those without an ACK.
   */
  private hasRoom(): boolean {
    const max = this.options.maxServerTransactions ?? DEFAULT_MAX_SERVER_TRANSACTIONS;
    return this.servers.size + this.stragglers.size < max || this.stragglers.dropOldest() || this.dropOldestRefused();
  }

  private dropOldestRefused(): boolean {
    const [oldest] = this.refused;
    if (oldest === undefined) return false;
    this.giveUp(oldest);
    this.forget(oldest);
    return true;
  }

  private beginServer(key: string, request: Request, from: Hop, nowMs: number): void {
    const to = responseHop(request.vias[0]!, from);
    const transaction: ServerTransaction =
      request.method === 'INVITE'
        ? new InviteServerTransaction(key, request, from, to, this.around, () => this.giveUp(transaction), nowMs)
        : new NonInviteServerTransaction(key, request, from, to, this.around, nowMs);
    this.servers.set(key, transaction);
    if (request.method === 'CANCEL') {
      this.handleCancel(request, transaction, nowMs);
      return;
    }
    const merge = mergeKey(request);
    const isMerged = merge !== undefined && (this.merges.has(merge) || this.stragglers.hasMerge(merge));
    if (merge !== undefined && !isMerged) this.merges.set(merge, transaction);
    if (isMerged) this.respond(transaction, makeResponse(request, 482, { toTag: this.makeTag() }), nowMs);
    else this.outputs.push({ type: 'request', transaction });
    this.settleServer(transaction, nowMs);
  }

  /** A CANCEL is answered here: 200 if there is something to cancel, whatever becomes of it. [RFC3261 §9.2] */
  private handleCancel(cancel: Request, transaction: ServerTransaction, nowMs: number): void {
    const key = serverKey(cancel, 'INVITE');
    const target = this.servers.get(key);
    const invite = target instanceof InviteServerTransaction ? target : undefined;
    const over = this.stragglers.get(key);
    const toTag = (invite?.last === undefined ? over?.toTag : tagOf(invite.last.to)) ?? this.makeTag();
    const isKnown = invite !== undefined || over !== undefined;
    this.respond(transaction, makeResponse(cancel, isKnown ? 200 : 481, { toTag }), nowMs);
    if (invite?.state === 'proceeding') this.outputs.push({ type: 'cancel', transaction: invite, cancel });
  }

  private giveUp(transaction: ServerTransaction): void {
    this.options.counters.increment('sip.refusal-unacknowledged');
    if (transaction instanceof InviteServerTransaction) this.outputs.push({ type: 'unacknowledged', transaction });
  }

  private repeat(to: Hop, bytes: Uint8Array): void {
    this.outputs.push({ type: 'transmit', to, bytes });
  }

  /** After every input to a client transaction. */
  private settle(client: ClientTransaction): void {
    if (!client.isOver) this.agenda.touch(client);
    else {
      this.agenda.remove(client);
      if (this.clients.get(client.key) === client) this.clients.delete(client.key);
    }
  }

  /** After every input to a server transaction. */
  private settleServer(server: ServerTransaction, nowMs: number): void {
    const { key, stragglers, isOver } = server;
    if (this.servers.get(key) !== server) return;
    if (stragglers === undefined && !isOver) {
      this.agenda.touch(server);
      if (server instanceof InviteServerTransaction && server.state === 'completed') this.refused.add(server);
      return;
    }
    const merge = this.forget(server);
    if (stragglers !== undefined) this.stragglers.add(key, merge, stragglers, nowMs);
  }

  /** Gives what requests that are the same but for their path were known by, if this was the first of them. */
  private forget(server: ServerTransaction): string | undefined {
    this.agenda.remove(server);
    this.servers.delete(server.key);
    if (server instanceof InviteServerTransaction) this.refused.delete(server);
    const merge = mergeKey(server.request);
    if (merge === undefined || this.merges.get(merge) !== server) return undefined;
    this.merges.delete(merge);
    return merge;
  }

  private stamp(request: Request, from: Hop): Request {
    const [first, ...others] = request.vias;
    const force = this.options.forceRport?.(from) ?? true;
    return { ...request, vias: [stampVia(first!, from, force && from.transport === 'udp'), ...others] };
  }

  private makeVia(to: Hop): Via {
    const branch = MAGIC_COOKIE + toHex(this.options.crypto.randomBytes(BRANCH_BYTES));
    const parameters = new Map<string, string | null>([['branch', branch]]);
    if (to.transport === 'udp') parameters.set('rport', null);
    return { transport: to.transport.toUpperCase(), ...this.options.sentBy(to), parameters };
  }

  private makeTag(): string {
    return toHex(this.options.crypto.randomBytes(8));
  }
}

function isServer(transaction: ClientTransaction | ServerTransaction): transaction is ServerTransaction {
  return transaction instanceof InviteServerTransaction || transaction instanceof NonInviteServerTransaction;
}
