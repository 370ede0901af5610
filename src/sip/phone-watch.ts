import { Agenda } from '../base/agenda.ts';
import type { Crypto } from '../base/crypto.ts';
import type { Random } from '../base/random.ts';
import { type Binding, hopOf, isSameWay } from './binding.ts';
import type { Hop } from './hop.ts';
import { isMalformed } from './malformed.ts';
import { NOT_ASKED, optionsRequest, Qualify, type QualifyConfig, type Reachability } from './qualify.ts';
import type { ClientTransactionUser } from './transaction.ts';
import type { OutgoingRequest } from './transaction-layer.ts';
import { type HostPort, isSipUri, parseUri, sipUri } from './uri.ts';

export interface PhoneWatchOptions {
  readonly qualify: QualifyConfig;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly local: (to: Hop) => HostPort;
  readonly send: (
    request: OutgoingRequest,
    to: Hop,
    user: ClientTransactionUser,
    nowMs: number,
    timeoutMs: number,
  ) => void;
  readonly changed: (user: string, contact: string, state: Reachability) => void;
}

interface Watched {
  readonly binding: Binding;
  readonly qualify: Qualify;
}

/**
 * Asks every phone that is registered from time to time whether it is still there. A registration says only that it was
 * there at most an hour ago; the question also keeps the way open through a NAT in front of the phone.
 */
export class PhoneWatch {
  private readonly watched = new Map<string, readonly Watched[]>();
  private readonly agenda = new Agenda<Qualify>();

  constructor(private readonly options: PhoneWatchOptions) {}

  /** A phone came, moved or went. */
  follow(user: string, bindings: readonly Binding[], nowMs: number): void {
    const before = this.watched.get(user) ?? [];
    const now = bindings.map((binding) => {
      const known = before.find((one) => isSameWay(one.binding, binding));
      return known === undefined ? this.watch(binding, nowMs) : { ...known, binding };
    });
    for (const { qualify } of before) if (!now.some((one) => one.qualify === qualify)) this.agenda.remove(qualify);
    if (now.length > 0) this.watched.set(user, now);
    else this.watched.delete(user);
  }

  /** Null until it is known; of a phone that is not watched, too. */
  stateOf({ user, contact }: Binding): Reachability['reachable'] {
    const watched = this.watched.get(user)?.find(({ binding }) => binding.contact === contact);
    return watched?.qualify.state.reachable ?? null;
  }

  /** What is measured of a phone: at the contact that answers, if it has several. The same object until it is asked again. */
  measuresOf(user: string): Reachability {
    const states = (this.watched.get(user) ?? []).map(({ qualify }) => qualify.state);
    return states.find(({ reachable }) => reachable === true) ?? states[0] ?? NOT_ASKED;
  }

  handleTimeout(nowMs: number): void {
    for (let due = this.agenda.take(nowMs); due !== undefined; due = this.agenda.take(nowMs)) {
      due.handleTimeout(nowMs);
      this.agenda.touch(due);
    }
  }

  nextDeadline(): number | undefined {
    return this.agenda.next();
  }

  stop(): void {
    for (const several of this.watched.values()) for (const { qualify } of several) this.agenda.remove(qualify);
    this.watched.clear();
  }

  private watch(binding: Binding, nowMs: number): Watched {
    const { crypto, random, local, send, changed, qualify: config } = this.options;
    const { user, contact } = binding;
    const ask = (transactionUser: ClientTransactionUser, timeoutMs: number, atMs: number) => {
      const uri = parseUri(contact);
      if (isMalformed(uri) || !isSipUri(uri)) return;
      const hop = hopOf(binding);
      const request = optionsRequest(crypto, { ...uri, headers: [] }, sipUri(local(hop)), binding.path);
      send(request, hop, transactionUser, atMs, timeoutMs);
    };
    const qualify = new Qualify(config, ask, (state) => changed(user, contact, state));
    // After a power cut all phones register within seconds: they are not asked all at once.
    qualify.start(nowMs + random.next() * config.everyMs);
    this.agenda.touch(qualify);
    return { binding, qualify };
  }
}
