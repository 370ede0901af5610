import { toHex } from '../base/bytes.ts';
import type { Crypto } from '../base/crypto.ts';
import type { CallMaker } from './call-maker.ts';
import type { CallTable } from './call-table.ts';
import type { Doorkeeper } from './doorkeeper.ts';
import { INFO_TYPES } from './dtmf-info.ts';
import type { EndpointOutput } from './endpoint-output.ts';
import { InviteServerTransaction } from './invite-server-transaction.ts';
import { CALL_METHODS } from './invite-session.ts';
import { makeResponse, type ResponseParts } from './message.ts';
import type { MessageNotifier } from './message-notifier.ts';
import { SUMMARY_TYPE } from './message-summary.ts';
import { tagOf } from './name-addr.ts';
import { checkRequest } from './request-check.ts';
import { SDP_TYPE } from './sdp.ts';
import type { ServerTransaction, TransactionLayer } from './transaction-layer.ts';
import type { TrunkTable } from './trunk-table.ts';

const NONE: readonly (readonly [string, string])[] = [];

const ABILITIES = {
  methods: [...CALL_METHODS, 'REGISTER', 'SUBSCRIBE'],
  extensions: ['100rel', 'timer', 'path', 'norefersub', 'replaces'],
  bodies: [SDP_TYPE, ...INFO_TYPES, 'message/sipfrag', 'text/plain', SUMMARY_TYPE],
};

/** A phone that has come in by adopt mode, and from where. */
export type AdoptedBy = Omit<Extract<EndpointOutput, { type: 'adopted' }>, 'type'>;

export interface UserAgentServerParts {
  readonly crypto: Crypto;
  readonly layer: TransactionLayer;
  readonly door: Doorkeeper;
  readonly calls: CallTable;
  readonly maker: CallMaker;
  readonly notifier: MessageNotifier;
  readonly trunks: TrunkTable;
  readonly adopted: (phone: AdoptedBy) => void;
}

/** Answers requests, or gives them to whom they are for: the call whose dialog they are in, or a part of the endpoint. [RFC3261 §8.2] */
export class UserAgentServer {
  constructor(private readonly parts: UserAgentServerParts) {}

  /** A request that is no CANCEL or ACK, for the first time. */
  handleRequest(transaction: ServerTransaction, nowMs: number): void {
    const { request } = transaction;
    const refusal = checkRequest(request, ABILITIES);
    if (refusal !== undefined) {
      this.respond(transaction, refusal.status, refusal.headers, nowMs);
      return;
    }
    if (tagOf(request.to) !== undefined) {
      const known = this.parts.calls.find(request);
      if (known === undefined) {
        if (this.parts.notifier.handleRequest(transaction, nowMs)) return;
        const status = request.method === 'NOTIFY' ? this.parts.trunks.handleNotify(request, nowMs) : undefined;
        this.respond(transaction, status ?? 481, NONE, nowMs);
      } else this.parts.calls.settleAfter(known.call, () => known.call.handleRequest(transaction, known.dialog, nowMs));
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
      case 'SUBSCRIBE':
        this.handleSubscribe(transaction, nowMs);
        break;
      case 'NOTIFY': {
        const sender = this.parts.door.identify(transaction, nowMs);
        const isTrunk = typeof sender !== 'string' && sender.type === 'trunk';
        this.respond(transaction, isTrunk ? sender.trunk.handleUnsolicited(request) : 481, NONE, nowMs);
        break;
      }
      default:
        this.respond(transaction, 481, NONE, nowMs);
    }
  }

  private handleRegister(transaction: ServerTransaction, nowMs: number): void {
    const response = this.parts.door.register(transaction.request, transaction.from, nowMs);
    if (response === undefined) return;
    const adopted = response.status === 200 ? this.parts.door.adopt(transaction.request) : undefined;
    if (adopted !== undefined) this.parts.adopted({ ...adopted, from: transaction.from });
    this.parts.layer.respond(transaction, response, nowMs);
  }

  private handleOptions(transaction: ServerTransaction, nowMs: number): void {
    const sender = this.parts.door.identify(transaction, nowMs);
    if (typeof sender === 'string' && !this.parts.door.isKnown(transaction.from)) {
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
    const sender = this.parts.door.identify(transaction, nowMs);
    if (typeof sender === 'string') this.challenge(transaction, sender === 'stale', nowMs);
    else this.parts.maker.receive(transaction, sender, nowMs);
  }

  private handleSubscribe(transaction: ServerTransaction, nowMs: number): void {
    const sender = this.parts.door.identifyPhone(transaction, nowMs);
    if (typeof sender === 'string') this.challenge(transaction, sender === 'stale', nowMs);
    else this.parts.notifier.subscribe(transaction, sender.config.user, nowMs);
  }

  private challenge(transaction: ServerTransaction, isStale: boolean, nowMs: number): void {
    this.respond(transaction, 401, this.parts.door.challenge(transaction.from, isStale, nowMs), nowMs);
  }

  private respond(
    transaction: ServerTransaction,
    status: number,
    headers: NonNullable<ResponseParts['headers']>,
    nowMs: number,
  ): void {
    const toTag = toHex(this.parts.crypto.randomBytes(8));
    this.parts.layer.respond(transaction, makeResponse(transaction.request, status, { toTag, headers }), nowMs);
  }
}
