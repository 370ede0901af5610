import { z } from 'zod';
import type { OutboxMessage } from './outbox.ts';

/** Something that happened and is told on `events`, each once. */
export const eventSchema = z
  .object({
    id: z.string().describe('of this event, the same however often it is sent'),
    at: z.iso.datetime().describe('RFC 3339, UTC'),
    kind: z.enum(['keypad', 'line', 'fault', 'security', 'emergency', 'command', 'config', 'update']),
    what: z.string().describe('which of its kind, in kebab-case: auth-failed, handset-abandoned, outbox-full'),
    severity: z.enum(['info', 'warn', 'error']),
    message: z.string().describe('one sentence for people'),
    details: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .describe('the same for programs; never a secret'),
  })
  .meta({ id: 'Event' });

export type Event = z.infer<typeof eventSchema>;

/** What is known of an event where it happens. */
export type Happening = Omit<Event, 'id' | 'at'>;

/** For what is told again after a power cut, if it may not have been kept. */
export interface Keeping {
  /** The same each time. */
  readonly id: string;
  /** The disk has it, or it is being sent without. */
  readonly settled: () => void;
}

export function eventMessage(event: Event): OutboxMessage {
  return { id: event.id, topic: 'events', payload: JSON.stringify(event) };
}

/** Of one kind of happening so many are told at once, and one more each time this has passed. */
const BURST = 20;
const REFILL_MS = 3_000;

/**
 * Keeps whoever knocks at the door all night from filling the disk and the broker: beyond a burst, happenings of one kind
 * are counted, and the next that is told says how many were not. Of emergency calls every one is told.
 */
export class EventLimit {
  private readonly buckets = new Map<string, { tokens: number; atMs: number; suppressed: number }>();

  /** The happening as it is to be told, or undefined if it is one too many. */
  pass(happening: Happening, nowMs: number): Happening | undefined {
    if (happening.kind === 'emergency') return happening;
    const key = `${happening.kind}.${happening.what}`;
    const before = this.buckets.get(key) ?? { tokens: BURST, atMs: nowMs, suppressed: 0 };
    const tokens = Math.min(BURST, before.tokens + (nowMs - before.atMs) / REFILL_MS);
    if (tokens < 1) {
      this.buckets.set(key, { tokens, atMs: nowMs, suppressed: before.suppressed + 1 });
      return undefined;
    }
    this.buckets.set(key, { tokens: tokens - 1, atMs: nowMs, suppressed: 0 });
    if (before.suppressed === 0) return happening;
    return { ...happening, details: { ...happening.details, suppressed: before.suppressed } };
  }
}
