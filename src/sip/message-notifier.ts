import { toHex } from '../base/bytes.ts';
import type { Crypto } from '../base/crypto.ts';
import { type MessageCount, sameCount } from '../base/message-count.ts';
import { type Binding, hopOf, isSameWay } from './binding.ts';
import { Dialog, dialogKey } from './dialog.ts';
import { parseDecimal } from './grammar.ts';
import { HeaderFields } from './header-field.ts';
import { formatHop, type Hop } from './hop.ts';
import { isMalformed } from './malformed.ts';
import { makeResponse, type Request } from './message.ts';
import { MESSAGE_SUMMARY, SUMMARY_TYPE, summaryBody } from './message-summary.ts';
import { formatNameAddr, nameAddr, tagOf, withTag } from './name-addr.ts';
import type { ClientTransactionUser } from './transaction.ts';
import type { OutgoingRequest, ServerTransaction, TransactionLayer } from './transaction-layer.ts';
import { isSipUri, parseUri, type SipUri, sipUri } from './uri.ts';

export interface MessageNotifierOptions {
  readonly crypto: Crypto;
  readonly layer: TransactionLayer;
  /** The URI at which the far end of that hop reaches us. */
  readonly contact: (hop: Hop) => SipUri;
}

/** What is known of each mailbox, by the phone that has it; null: nothing yet. */
export type Mailboxes = ReadonlyMap<string, MessageCount | null>;

interface Subscription {
  readonly user: string;
  readonly dialog: Dialog;
  /** `;id=…` of its Event, to be said again. [RFC6665 §4.2.1] */
  readonly event: string;
  untilMs: number;
}

interface Told {
  readonly binding: Binding;
  /** What was said last; undefined: nothing, or it did not arrive. */
  count: MessageCount | undefined;
}

/** Seconds. A phone that asks for longer gets the longest. [RFC3842 §3.4] */
const EXPIRES = { min: 60, max: 3_600 } as const;
/** Of one phone, as many as it may have contacts; a further one takes the place of the oldest. */
const MAX_SUBSCRIPTIONS = 3;
const ALLOW_EVENTS = ['Allow-Events', MESSAGE_SUMMARY] as const;

/**
 * Tells phones how many messages wait for them: those that subscribed, within their subscription, all others where they
 * registered, unasked, as they are used to from Asterisk. [RFC3842] [RFC6665 §4.2]
 */
export class MessageNotifier {
  private mailboxes: Mailboxes = new Map();
  /** By dialog, the oldest first. */
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly told = new Map<string, readonly Told[]>();
  /** Asked for with every packet of voice, so it is searched only after a change. */
  private next: { readonly deadlineMs: number | undefined } | undefined;

  constructor(private readonly options: MessageNotifierOptions) {}

  /** Says what has changed to those whom it is about; who has no mailbox any more loses its subscriptions. */
  setMailboxes(mailboxes: Mailboxes, nowMs: number): void {
    const before = this.mailboxes;
    this.mailboxes = mailboxes;
    for (const [key, subscription] of this.subscriptions) {
      const { user } = subscription;
      if (!mailboxes.has(user)) this.end(key, subscription, 'noresource', nowMs);
      else if (!sameCount(before.get(user), mailboxes.get(user))) this.notify(subscription, nowMs);
    }
    for (const user of this.told.keys()) this.tellUnasked(user, nowMs);
  }

  /** A phone came, moved, went, or registered again. */
  follow(user: string, bindings: readonly Binding[], nowMs: number): void {
    const before = this.told.get(user) ?? [];
    const now = bindings.map((binding): Told => {
      // With another Call-ID it has started anew, and its lamp is dark.
      const known = before.find((one) => isSameWay(one.binding, binding) && one.binding.callId === binding.callId);
      return { binding, count: known?.count };
    });
    if (now.length > 0) this.told.set(user, now);
    else this.told.delete(user);
    this.tellUnasked(user, nowMs);
  }

  /** A SUBSCRIBE outside of a dialog, of a phone that has proven itself. */
  subscribe(transaction: ServerTransaction, user: string, nowMs: number): void {
    const { request, from } = transaction;
    const toTag = toHex(this.options.crypto.randomBytes(8));
    const refusal = this.refusalOf(request, user);
    const expiresS = expiresOf(request);
    const dialog = Dialog.ofRequest(request, toTag, from);
    if (refusal !== undefined || isMalformed(dialog)) {
      this.respond(transaction, refusal ?? { status: 400 }, toTag, nowMs);
      return;
    }
    const subscription = { user, dialog, event: request.headers.get('Event')!.trim(), untilMs: nowMs };
    this.makeRoom(user, from, nowMs);
    this.subscriptions.set(dialog.key, subscription);
    this.grant(transaction, dialog.key, subscription, expiresS, toTag, nowMs);
  }

  /** A request within a dialog; false if it is of no subscription. */
  handleRequest(transaction: ServerTransaction, nowMs: number): boolean {
    const { request } = transaction;
    const key = dialogKey(request.callId, tagOf(request.to) ?? '', tagOf(request.from) ?? '');
    const subscription = this.subscriptions.get(key);
    if (subscription === undefined) return false;
    const refusal = request.method === 'SUBSCRIBE' ? this.refusalOf(request, subscription.user) : { status: 405 };
    if (!subscription.dialog.takes(request)) this.respond(transaction, { status: 500 }, undefined, nowMs);
    else if (refusal !== undefined) this.respond(transaction, refusal, undefined, nowMs);
    else {
      subscription.dialog.refreshTarget(request);
      this.grant(transaction, key, subscription, expiresOf(request), undefined, nowMs);
    }
    return true;
  }

  handleTimeout(nowMs: number): void {
    if (nowMs < (this.nextDeadline() ?? Number.POSITIVE_INFINITY)) return;
    for (const [key, subscription] of this.subscriptions)
      if (subscription.untilMs <= nowMs) this.end(key, subscription, 'timeout', nowMs);
  }

  nextDeadline(): number | undefined {
    if (this.next !== undefined) return this.next.deadlineMs;
    let deadlineMs: number | undefined;
    for (const { untilMs } of this.subscriptions.values()) deadlineMs = Math.min(deadlineMs ?? untilMs, untilMs);
    this.next = { deadlineMs };
    return deadlineMs;
  }

  /** Nobody is told any more. A phone whose subscription is not known after a restart subscribes anew. */
  stop(): void {
    this.subscriptions.clear();
    this.told.clear();
    this.next = undefined;
  }

  /** Subscriptions that stand. */
  get size(): number {
    return this.subscriptions.size;
  }

  private refusalOf({ headers }: Request, user: string): Refusal | undefined {
    const [name = ''] = (headers.get('Event') ?? '').split(';', 1);
    if (name.trim().toLowerCase() !== MESSAGE_SUMMARY) return { status: 489, headers: [ALLOW_EVENTS] };
    if (!this.mailboxes.has(user)) return { status: 404 };
    const accepted = headers.words('Accept').map((range) => range.split(';', 1)[0]!.trim().toLowerCase());
    if (accepted.length > 0 && !accepted.some((range) => ['*/*', 'application/*', SUMMARY_TYPE].includes(range)))
      return { status: 406 };
    const expires = headers.get('Expires');
    const expiresS = expires === undefined ? EXPIRES.max : parseDecimal(expires, 2 ** 32 - 1);
    if (expiresS === undefined) return { status: 400 };
    if (expiresS > 0 && expiresS < EXPIRES.min) return { status: 423, headers: [['Min-Expires', String(EXPIRES.min)]] };
    return undefined;
  }

  private grant(
    transaction: ServerTransaction,
    key: string,
    subscription: Subscription,
    expiresS: number,
    toTag: string | undefined,
    nowMs: number,
  ): void {
    const headers = [['Expires', String(expiresS)], this.contactOf(subscription), ALLOW_EVENTS] as const;
    this.respond(transaction, { status: 200, headers }, toTag, nowMs);
    this.next = undefined;
    subscription.untilMs = nowMs + expiresS * 1_000;
    // Of no time at all: it asks once, or has heard enough. [RFC6665 §4.4.3]
    if (expiresS === 0) this.end(key, subscription, 'timeout', nowMs);
    else this.notify(subscription, nowMs);
  }

  /** A phone that subscribes anew from where it is has forgotten the subscription that it had. */
  private makeRoom(user: string, from: Hop, nowMs: number): void {
    const own = [...this.subscriptions].filter(([, one]) => one.user === user);
    for (const [key, { dialog }] of own) if (formatHop(dialog.flow) === formatHop(from)) this.subscriptions.delete(key);
    const others = own.filter(([key]) => this.subscriptions.has(key));
    for (const [key, subscription] of others.slice(0, Math.max(0, others.length - MAX_SUBSCRIPTIONS + 1)))
      this.end(key, subscription, 'rejected', nowMs);
  }

  private notify(subscription: Subscription, nowMs: number): void {
    const secondsLeft = Math.max(0, Math.ceil((subscription.untilMs - nowMs) / 1_000));
    this.notifyAs(subscription, `active;expires=${secondsLeft}`, nowMs);
  }

  private end(
    key: string,
    subscription: Subscription,
    reason: 'timeout' | 'noresource' | 'rejected',
    nowMs: number,
  ): void {
    this.next = undefined;
    this.subscriptions.delete(key);
    this.notifyAs(subscription, `terminated;reason=${reason}`, nowMs);
  }

  private notifyAs(subscription: Subscription, state: string, nowMs: number): void {
    const { dialog, user, event } = subscription;
    const count = this.mailboxes.get(user);
    const request = dialog.request('NOTIFY', {
      headers: [['Event', event], ['Subscription-State', state], this.contactOf(subscription), ALLOW_EVENTS],
      // The first must come at once, also where nothing is known yet. [RFC6665 §4.2.1.2]
      ...(count === undefined || count === null ? {} : { body: summaryBody(count) }),
    });
    const forget = () => {
      this.next = undefined;
      this.subscriptions.delete(dialog.key);
    };
    const whenDone: ClientTransactionUser = {
      handleResponse: ({ status }) => {
        if (status === 481 || status === 408) forget();
      },
      handleFailure: forget,
    };
    this.options.layer.send(request, dialog.hop, whenDone, nowMs);
  }

  /** Whoever registered and has no subscription, and does not know yet. */
  private tellUnasked(user: string, nowMs: number): void {
    const count = this.mailboxes.get(user);
    if (count === undefined || count === null) return;
    for (const told of this.told.get(user) ?? [])
      if (!sameCount(told.count, count) && !this.isSubscribed(user, told.binding))
        this.notifyUnasked(user, told, count, nowMs);
  }

  private notifyUnasked(user: string, told: Told, count: MessageCount, nowMs: number): void {
    const hop = hopOf(told.binding);
    const request = this.unaskedRequest(user, told.binding, hop, count);
    if (request === undefined) return;
    told.count = count;
    const whenDone: ClientTransactionUser = {
      handleResponse: () => {},
      // It is told again when it registers again.
      handleFailure: () => {
        if (told.count === count) told.count = undefined;
      },
    };
    this.options.layer.send(request, hop, whenDone, nowMs);
  }

  private unaskedRequest(user: string, binding: Binding, hop: Hop, count: MessageCount): OutgoingRequest | undefined {
    const { crypto, contact } = this.options;
    const uri = parseUri(binding.contact);
    if (isMalformed(uri) || !isSipUri(uri)) return undefined;
    const us = contact(hop);
    const { type, bytes } = summaryBody(count);
    return {
      method: 'NOTIFY',
      uri: { ...uri, headers: [] },
      // Whose messages they are, as within a subscription: Asterisk knows by it who tells. [RFC6665 §4.2.2]
      from: withTag(nameAddr(sipUri({ host: us.host, user })), toHex(crypto.randomBytes(8))),
      to: nameAddr({ ...uri, headers: [] }),
      callId: toHex(crypto.randomBytes(16)),
      cseq: { number: 1, method: 'NOTIFY' },
      headers: new HeaderFields([
        ['Max-Forwards', '70'],
        ['Contact', formatNameAddr(nameAddr(us))],
        ['Event', MESSAGE_SUMMARY],
        ['Subscription-State', 'terminated'],
        ['Content-Type', type],
        ...binding.path.map((stop) => ['Route', stop] as const),
      ]),
      body: bytes,
    };
  }

  private isSubscribed(user: string, binding: Binding): boolean {
    const way = formatHop(hopOf(binding));
    for (const one of this.subscriptions.values())
      if (one.user === user && formatHop(one.dialog.flow) === way) return true;
    return false;
  }

  private contactOf({ dialog }: Subscription): readonly [string, string] {
    return ['Contact', formatNameAddr(nameAddr(this.options.contact(dialog.hop)))];
  }

  private respond(
    transaction: ServerTransaction,
    { status, headers = [] }: Refusal,
    toTag: string | undefined,
    nowMs: number,
  ): void {
    this.options.layer.respond(transaction, makeResponse(transaction.request, status, { toTag, headers }), nowMs);
  }
}

interface Refusal {
  readonly status: number;
  readonly headers?: readonly (readonly [string, string])[];
}

/** What is granted; the longest where it says nothing. */
function expiresOf({ headers }: Request): number {
  const wanted = parseDecimal(headers.get('Expires') ?? '', 2 ** 32 - 1) ?? EXPIRES.max;
  return Math.min(wanted, EXPIRES.max);
}
