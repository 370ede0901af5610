import { describe, expect, it } from 'vitest';
import { EventLimit, eventMessage, eventSchema, type Happening } from '../../../src/status/event.ts';

const knock: Happening = {
  kind: 'security',
  what: 'auth-failed',
  severity: 'warn',
  message: 'Wrong secret.',
  details: { from: '203.0.113.9:4569' },
};

describe('EventLimit', () => {
  it('lets a burst of one kind through, counts the rest, and says how many they were', () => {
    const limit = new EventLimit();
    const passed = Array.from({ length: 100 }, (_, n) => limit.pass(knock, n)).filter((it) => it !== undefined);
    expect(passed).toEqual(Array.from({ length: 20 }, () => knock));
    expect(limit.pass(knock, 4000)).toEqual({ ...knock, details: { ...knock.details, suppressed: 80 } });
    expect(limit.pass(knock, 8000)).toEqual(knock);
  });

  it('keeps no other kind from being told', () => {
    const limit = new EventLimit();
    for (let n = 0; n < 50; n++) limit.pass(knock, 0);
    expect(limit.pass({ ...knock, what: 'locked-out' }, 0)).toBeDefined();
  });
});

describe('an event', () => {
  it('is a message of the outbox under its own id', () => {
    const event = eventSchema.parse({ ...knock, id: 'e1', at: '2026-01-01T00:00:00.000Z' });
    expect(eventMessage(event)).toEqual({ id: 'e1', topic: 'events', payload: JSON.stringify(event) });
  });
});
