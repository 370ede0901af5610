import { Counters } from '../../src/base/counters.ts';
import { type Address, earliest } from '../../src/base/machine.ts';
import { HeaderFields } from '../../src/sip/header-field.ts';
import type { Transport } from '../../src/sip/hop.ts';
import { isMalformed } from '../../src/sip/malformed.ts';
import { makeResponse, NO_BODY, type Request, type Response } from '../../src/sip/message.ts';
import { nameAddr } from '../../src/sip/name-addr.ts';
import { parseMessage } from '../../src/sip/parse.ts';
import type { TimerBase, TransactionFailure } from '../../src/sip/transaction.ts';
import {
  type ClientTransaction,
  type OutgoingRequest,
  type ServerTransaction,
  TransactionLayer,
  type TransactionOutput,
} from '../../src/sip/transaction-layer.ts';
import { sipUri } from '../../src/sip/uri.ts';
import { seededCrypto } from './iax2-world.ts';
import type { Host, Network, Station } from './network.ts';

type NonTransmit = Exclude<TransactionOutput, { type: 'transmit' }>;

/** A transaction layer on a simulated network, with a user that does what the test says. */
export class SipStation {
  readonly counters = new Counters();
  readonly layer: TransactionLayer;
  readonly host: Host<NonTransmit>;
  /** What came in, in words: `INVITE`, `180`, `timeout`, `cancel`, `ack`. */
  readonly log: string[] = [];
  readonly acks: Request[] = [];
  onRequest: (transaction: ServerTransaction, nowMs: number) => void = () => {};
  onResponse: (response: Response, nowMs: number) => void = () => {};
  onCancel: (transaction: ServerTransaction, nowMs: number) => void = () => {};
  /** What else lives at this address and has deadlines. */
  readonly tenants: { handleTimeout(nowMs: number): void; nextDeadline(): number | undefined }[] = [];
  private sequence = 0;

  constructor(
    readonly network: Network,
    readonly address: Address,
    seed: number,
    private readonly transport: Transport = 'udp',
    base?: TimerBase,
  ) {
    this.layer = new TransactionLayer({
      crypto: seededCrypto(seed),
      counters: this.counters,
      sentBy: () => ({ host: address.ip, port: address.port }),
      ...(base === undefined ? {} : { base }),
    });
    this.host = network.add<NonTransmit>(address, this.station(), (output, nowMs) => this.take(output, nowMs));
  }

  /** A request of its own to `to`. */
  request(method: string, to: Address, parts: Partial<OutgoingRequest> = {}): OutgoingRequest {
    const us = sipUri({ host: this.address.ip, port: this.address.port, user: 'us' });
    return {
      method,
      uri: sipUri({ host: to.ip, port: to.port, user: 'them' }),
      from: nameAddr(us, undefined, new Map([['tag', `from-${this.address.port}`]])),
      to: nameAddr(sipUri({ host: to.ip, user: 'them' })),
      callId: `${++this.sequence}@${this.address.ip}`,
      cseq: { number: 1, method },
      headers: new HeaderFields([['Max-Forwards', '70']]),
      body: NO_BODY,
      ...parts,
    };
  }

  send(method: string, to: Address, timeoutMs?: number): ClientTransaction {
    const transaction = this.layer.send(
      this.request(method, to),
      { transport: this.transport, ...to },
      {
        handleResponse: (response, nowMs) => {
          this.log.push(String(response.status));
          this.onResponse(response, nowMs);
        },
        handleFailure: (why: TransactionFailure) => this.log.push(why),
      },
      this.network.nowMs,
      timeoutMs,
    );
    this.host.drain();
    return transaction;
  }

  respond(transaction: ServerTransaction, status: number): void {
    const response = makeResponse(transaction.request, status, { toTag: `to-${this.address.port}` });
    this.layer.respond(transaction, response, this.network.nowMs);
    this.host.drain();
  }

  private station(): Station<NonTransmit> {
    const { layer, transport, tenants } = this;
    return {
      handleDatagram: (bytes, from, nowMs) => {
        const message = parseMessage(bytes);
        if (isMalformed(message)) throw new Error(message.reason);
        layer.handleMessage(message, { transport, ...from }, nowMs);
      },
      handleTimeout: (nowMs) => {
        layer.handleTimeout(nowMs);
        for (const tenant of tenants) tenant.handleTimeout(nowMs);
      },
      poll: () => layer.poll() as ReturnType<Station<NonTransmit>['poll']>,
      nextDeadline: () => tenants.reduce((next, one) => earliest(next, one.nextDeadline()), layer.nextDeadline()),
    };
  }

  private take(output: NonTransmit, nowMs: number): void {
    switch (output.type) {
      case 'request':
        this.log.push(output.transaction.request.method);
        this.onRequest(output.transaction, nowMs);
        break;
      case 'cancel':
        this.log.push('cancel');
        this.onCancel(output.transaction, nowMs);
        break;
      case 'ack':
        this.log.push('ack');
        this.acks.push(output.request);
        break;
      default:
        this.log.push(output.type);
    }
    this.host.drain();
  }
}
