import { Agenda } from '../base/agenda.ts';
import { toHex } from '../base/bytes.ts';
import type { Counters } from '../base/counters.ts';
import type { Crypto } from '../base/crypto.ts';
import type { Machine } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { formatHop, type Hop, overTcp, type SipTransmit } from './hop.ts';
import { cancelOf, InviteClientTransaction } from './invite-client-transaction.ts';
import { InviteServerTransaction } from './invite-server-transaction.ts';
import { type Message, makeResponse, type Request, type Response } from './message.ts';
import { tagOf } from './name-addr.ts';
import { NonInviteClientTransaction } from './non-invite-client-transaction.ts';
import { NonInviteServerTransaction } from './non-invite-server-transaction.ts';
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
  /** Server transactions at a time; more are answered 503 and forgotten. */
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
  private readonly merges = new Map<string, ServerTransaction>();
  private readonly agenda = new Agenda<ClientTransaction | ServerTransaction>();
  private readonly around: TransactionSurroundings;

  constructor(private readonly options: TransactionLayerOptions) {
    this.around = {
      base: options.base ?? DEFAULT_TIMER_BASE,
      transmit: (to, message) => this.transmit(to, message),
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
  cancel(invite: InviteClientTransaction, nowMs: number): boolean {
    if (invite.state !== 'proceeding') return false;
    const nobody = { handleResponse: () => {}, handleFailure: () => {} };
    this.begin(cancelOf(invite.request), invite.to, nobody, nowMs, undefined);
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
  transmit(to: Hop, message: Message): void {
    this.outputs.push({ type: 'transmit', to, bytes: encodeMessage(message) });
  }

  respond(transaction: ServerTransaction, response: Response, nowMs: number): void {
    transaction.respond(response, nowMs);
    this.settle(transaction);
  }

  handleMessage(message: Message, from: Hop, nowMs: number): void {
    if (message.type === 'response') this.handleResponse(message, from, nowMs);
    else this.handleRequest(this.stamp(message, from), from, nowMs);
  }

  /** The transport could not deliver to `to`. */
  handleUnreachable(to: Hop, nowMs: number): void {
    for (const client of [...this.clients.values()]) {
      if (formatHop(client.to) !== formatHop(to)) continue;
      client.handleUnreachable(nowMs);
      this.settle(client);
    }
  }

  handleTimeout(nowMs: number): void {
    for (let due = this.agenda.take(nowMs); due !== undefined; due = this.agenda.take(nowMs)) {
      due.handleTimeout(nowMs);
      this.settle(due);
    }
  }

  poll(): TransactionOutput | undefined {
    return this.outputs.shift();
  }

  nextDeadline(): number | undefined {
    return this.agenda.next();
  }

  /** How many are under way, for status and for tests that look for leaks. */
  get load(): { readonly clients: number; readonly servers: number } {
    return { clients: this.clients.size, servers: this.servers.size };
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
    this.clients.set(clientKey(request), transaction);
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
    const known = this.findServer(request);
    if (request.method === 'ACK') {
      if (known instanceof InviteServerTransaction && known.state !== 'accepted') known.handleAck(nowMs);
      else this.outputs.push({ type: 'ack', request, from });
      if (known !== undefined) this.settle(known);
    } else if (known !== undefined) known.handleRepetition();
    else if (this.servers.size >= (this.options.maxServerTransactions ?? DEFAULT_MAX_SERVER_TRANSACTIONS)) {
      this.options.counters.increment('sip.too-many-transactions');
      this.transmit(
        responseHop(request.vias[0]!, from),
        makeResponse(request, 503, { headers: [['Retry-After', '10']] }),
      );
    } else this.beginServer(request, from, nowMs);
  }

  private findServer(request: Request): ServerTransaction | undefined {
    const known = this.servers.get(serverKey(request));
    if (known === undefined || !isOldStyle(request) || request.method !== 'ACK') return known;
    const sent = known instanceof InviteServerTransaction ? known.last : undefined;
    return sent !== undefined && tagOf(sent.to) === tagOf(request.to) ? known : undefined;
  }

  private beginServer(request: Request, from: Hop, nowMs: number): void {
    const to = responseHop(request.vias[0]!, from);
    const transaction: ServerTransaction =
      request.method === 'INVITE'
        ? new InviteServerTransaction(request, from, to, this.around, () => this.giveUp(transaction), nowMs)
        : new NonInviteServerTransaction(request, from, to, this.around, nowMs);
    this.servers.set(serverKey(request), transaction);
    if (request.method === 'CANCEL') {
      this.handleCancel(request, transaction, nowMs);
      return;
    }
    const merge = mergeKey(request);
    const isMerged = merge !== undefined && this.merges.has(merge);
    if (merge !== undefined && !isMerged) this.merges.set(merge, transaction);
    if (isMerged) this.respond(transaction, makeResponse(request, 482, { toTag: this.makeTag() }), nowMs);
    else this.outputs.push({ type: 'request', transaction });
    this.settle(transaction);
  }

  /** A CANCEL is answered here: 200 if there is something to cancel, whatever becomes of it. [RFC3261 §9.2] */
  private handleCancel(cancel: Request, transaction: ServerTransaction, nowMs: number): void {
    const target = this.servers.get(serverKey(cancel, 'INVITE'));
    const isKnown = target instanceof InviteServerTransaction;
    const toTag = (isKnown && target.last !== undefined ? tagOf(target.last.to) : undefined) ?? this.makeTag();
    this.respond(transaction, makeResponse(cancel, isKnown ? 200 : 481, { toTag }), nowMs);
    if (isKnown && target.state === 'proceeding') this.outputs.push({ type: 'cancel', transaction: target, cancel });
  }

  private giveUp(transaction: ServerTransaction): void {
    this.options.counters.increment('sip.refusal-unacknowledged');
    if (transaction instanceof InviteServerTransaction) this.outputs.push({ type: 'unacknowledged', transaction });
  }

  /** After every input to a transaction. */
  private settle(transaction: ClientTransaction | ServerTransaction): void {
    if (!transaction.isOver) {
      this.agenda.touch(transaction);
      return;
    }
    const { request } = transaction;
    if (this.clients.get(clientKey(request)) === transaction) this.clients.delete(clientKey(request));
    if (this.servers.get(serverKey(request)) === transaction) this.servers.delete(serverKey(request));
    const merge = mergeKey(request);
    if (merge !== undefined && this.merges.get(merge) === transaction) this.merges.delete(merge);
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
