import type { Machine } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { Timers } from '../base/timers.ts';

/** A message that must not be lost, below `branchline/<site>/`. */
export interface OutboxMessage {
  /** Stable: a consumer that sees it twice drops the second. */
  readonly id: string;
  readonly topic: 'cdr' | 'events';
  /** JSON. */
  readonly payload: string;
}

/** `taken`: a broker has it. `unheard`: it has it, and said that nobody listens. `failed`: it does not. */
export type Delivery = 'taken' | 'unheard' | 'failed';

export type OutboxOutput =
  /** To be written to the disk; the answer is `handleStored`. */
  | { readonly type: 'store'; readonly messages: readonly OutboxMessage[] }
  /** To be published at QoS 1; the answer is `handleDelivery`. */
  | { readonly type: 'send'; readonly message: OutboxMessage; readonly connection: number }
  /** No longer needed on the disk. */
  | { readonly type: 'forget'; readonly ids: readonly string[] }
  /** The oldest were given up for want of room. */
  | { readonly type: 'dropped'; readonly ids: readonly string[] };

export interface OutboxOptions {
  /** How much may wait, as JSON. */
  readonly maxBytes: number;
  /** The message that is stored and sent before anything is dropped; `waiting` is how many stand in the outbox. */
  readonly fullNotice: (waiting: number) => OutboxMessage;
}

type Stage =
  /** Neither on the disk yet nor refused by it. */
  | 'new'
  /** To be sent. */
  | 'ready'
  | 'sent';

interface Held {
  readonly message: OutboxMessage;
  stage: Stage;
  stored: boolean;
}

/** How many may be unacknowledged at a time: below what brokers allow a client by default. */
const WINDOW = 16;
/** When to look again whether somebody listens, if nothing is told until then; one message is tried. */
const UNHEARD_MS = 30_000;
const FAILED_MS = 5_000;
/** When a disk that failed is tried again. */
const DISK_MS = 5_000;
/** Down to which part of its room a full outbox is emptied. */
const EMPTIED_TO = 0.9;

/**
 * Messages on their way to the broker: each is on the disk before it is sent, and stays there until a broker has it and
 * somebody listens. Those that come while the disk is busy are stored together. A disk that fails does not keep
 * messages from being sent, and a broker that is away does not keep them from being stored.
 */
export class Outbox implements Machine<OutboxOutput> {
  private readonly outputs = new Queue<OutboxOutput>();
  private readonly timers = new Timers<'send' | 'listen' | 'store'>();
  /** In the order in which they came. */
  private readonly held = new Map<string, Held>();
  private ready = new Queue<Held>();
  /** Not given to the disk yet, and what it is writing. */
  private fresh: Held[] = [];
  private storing: Held[] = [];
  private bytes = 0;
  private connection: number | undefined;
  private connections = 0;
  private unacknowledged = 0;
  private window = WINDOW;
  /** The notice that must be stored before the oldest go. */
  private notice: string | undefined;

  /** `kept`: what an earlier run left on the disk, the oldest first. */
  constructor(
    private readonly options: OutboxOptions,
    kept: readonly OutboxMessage[] = [],
  ) {
    for (const message of kept) this.ready.push(this.hold(message, 'ready', true));
  }

  get size(): number {
    return this.held.size;
  }

  add(messages: readonly OutboxMessage[], nowMs: number): void {
    for (const message of messages) this.fresh.push(this.hold(message, 'new', false));
    if (this.bytes > this.options.maxBytes && this.notice === undefined) {
      const notice = this.options.fullNotice(this.held.size);
      this.notice = notice.id;
      this.fresh.push(this.hold(notice, 'new', false));
    }
    this.store(nowMs);
  }

  /** What was given to be stored is on the disk, or could not be written. */
  handleStored(failed: boolean, nowMs: number): void {
    for (const held of this.storing.splice(0)) {
      if (!this.held.has(held.message.id)) {
        if (!failed) this.forget([held.message.id]);
        continue;
      }
      held.stored = !failed;
      // A record that cannot be kept is better told than lost.
      if (held.stage === 'new') {
        held.stage = 'ready';
        this.ready.push(held);
        this.lookAgain();
      }
      if (held.message.id === this.notice) this.dropOldest(held);
    }
    if (!failed) this.store(nowMs);
    else if (this.timers.at('store') === undefined) this.timers.set('store', nowMs + DISK_MS);
    this.send();
  }

  handleConnected(): void {
    this.handleDisconnected();
    this.connection = ++this.connections;
    this.window = WINDOW;
    for (const timer of ['send', 'listen'] as const) this.timers.clear(timer);
    this.send();
  }

  handleDisconnected(): void {
    if (this.connection === undefined) return;
    this.connection = undefined;
    this.unacknowledged = 0;
    for (const held of this.held.values()) if (held.stage === 'sent') held.stage = 'ready';
    this.queueAgain();
  }

  /** What became of a message that was sent on `connection`. */
  handleDelivery(id: string, connection: number, delivery: Delivery, nowMs: number): void {
    const held = this.held.get(id);
    if (connection !== this.connection) return;
    this.unacknowledged--;
    if (held !== undefined && held.stage === 'sent') {
      if (delivery === 'taken') {
        this.release(held);
        this.window = WINDOW;
      } else {
        held.stage = 'ready';
        this.window = 1;
        if (delivery === 'unheard') this.timers.set('listen', nowMs + UNHEARD_MS);
        else this.timers.set('send', nowMs + FAILED_MS);
      }
    }
    this.send();
  }

  handleTimeout(nowMs: number): void {
    for (const timer of this.timers.due(nowMs)) {
      if (timer === 'store') this.storeAgain();
      else {
        this.queueAgain();
        this.send();
      }
    }
  }

  poll(): OutboxOutput | undefined {
    return this.outputs.shift();
  }

  nextDeadline(): number | undefined {
    return this.timers.next();
  }

  private hold(message: OutboxMessage, stage: Stage, stored: boolean): Held {
    const held: Held = { message, stage, stored };
    this.held.set(message.id, held);
    this.bytes += message.payload.length;
    return held;
  }

  /** Gives the disk all that is new, if it is not at work. */
  private store(nowMs: number): void {
    if (this.storing.length > 0) return;
    const fresh = this.fresh.splice(0);
    if (fresh.length === 0) return;
    if (this.timers.at('store') !== undefined) {
      // The disk failed a moment ago: these go out without it, and to it with the next attempt.
      this.storing = fresh;
      this.handleStored(true, nowMs);
      return;
    }
    this.give(fresh);
  }

  /** Whatever an earlier failure left off the disk, and is still here. */
  private storeAgain(): void {
    if (this.storing.length > 0) return;
    this.fresh = [];
    const left = [...this.held.values()].filter((held) => !held.stored);
    if (left.length > 0) this.give(left);
  }

  private give(batch: Held[]): void {
    this.storing = batch;
    this.outputs.push({ type: 'store', messages: batch.map(({ message }) => message) });
  }

  /** Something happened: whoever listens by now must not wait for it. */
  private lookAgain(): void {
    if (this.timers.at('listen') === undefined) return;
    this.timers.clear('listen');
    this.queueAgain();
  }

  private send(): void {
    const waits = this.timers.at('send') !== undefined || this.timers.at('listen') !== undefined;
    if (this.connection === undefined || waits) return;
    while (this.unacknowledged < this.window) {
      const held = this.ready.shift();
      if (held === undefined) return;
      if (held.stage !== 'ready' || this.held.get(held.message.id) !== held) continue;
      held.stage = 'sent';
      this.unacknowledged++;
      this.outputs.push({ type: 'send', message: held.message, connection: this.connection });
    }
  }

  /** In the order in which they came, whatever was tried meanwhile. */
  private queueAgain(): void {
    this.ready = new Queue();
    for (const held of this.held.values()) if (held.stage === 'ready') this.ready.push(held);
  }

  private release(held: Held): void {
    const { id, payload } = held.message;
    this.held.delete(id);
    this.bytes -= payload.length;
    if (held.stored) this.forget([id]);
  }

  private forget(ids: readonly string[]): void {
    this.outputs.push({ type: 'forget', ids });
  }

  /** Makes room, by events only where records are not enough; what tells of it stays. */
  private dropOldest(notice: Held): void {
    this.notice = undefined;
    const ids: string[] = [];
    for (const topic of ['cdr', 'events'] as const) {
      for (const held of this.held.values()) {
        if (this.bytes <= this.options.maxBytes * EMPTIED_TO) break;
        if (held.message.topic !== topic || held.stage === 'new' || held === notice) continue;
        this.release(held);
        ids.push(held.message.id);
      }
    }
    if (ids.length > 0) this.outputs.push({ type: 'dropped', ids });
  }
}

/** A message as it stands on the disk. */
export function formatMessage({ id, topic, payload }: OutboxMessage): string {
  return JSON.stringify({ id, topic, payload });
}

/** What `formatMessage` wrote; undefined if it is something else. */
export function parseMessage(text: string): OutboxMessage | undefined {
  try {
    const { id, topic, payload } = (JSON.parse(text) as Partial<OutboxMessage> | null) ?? {};
    const isMessage = typeof id === 'string' && typeof payload === 'string' && (topic === 'cdr' || topic === 'events');
    return isMessage ? { id, topic, payload } : undefined;
  } catch {
    return undefined;
  }
}
