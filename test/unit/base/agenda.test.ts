import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Agenda } from '../../../src/base/agenda.ts';

class Item {
  deadline: number | undefined;

  constructor(deadline: number | undefined) {
    this.deadline = deadline;
  }

  nextDeadline(): number | undefined {
    return this.deadline;
  }
}

describe('Agenda', () => {
  it('gives machines in the order of their deadlines and only when due', () => {
    const agenda = new Agenda<Item>();
    const [late, early] = [new Item(30), new Item(10)];
    agenda.touch(late);
    agenda.touch(early);
    expect(agenda.next()).toBe(10);
    expect(agenda.take(9)).toBeUndefined();
    expect(agenda.take(30)).toBe(early);
    expect(agenda.take(30)).toBe(late);
    expect(agenda.take(30)).toBeUndefined();
    expect(agenda.next()).toBeUndefined();
  });

  it('follows a deadline that moved later, earlier or away', () => {
    const agenda = new Agenda<Item>();
    const item = new Item(10);
    agenda.touch(item);
    item.deadline = 50;
    agenda.touch(item);
    expect(agenda.next()).toBe(50);
    item.deadline = 20;
    agenda.touch(item);
    expect(agenda.next()).toBe(20);
    item.deadline = undefined;
    agenda.touch(item);
    expect(agenda.next()).toBeUndefined();
  });

  it('lets go of a machine that is over, and takes it again', () => {
    const agenda = new Agenda<Item>();
    const [over, other] = [new Item(10), new Item(20)];
    agenda.touch(over);
    agenda.touch(other);
    agenda.remove(over);
    expect(agenda.next()).toBe(20);
    agenda.touch(over);
    expect(agenda.take(15)).toBe(over);
    expect(agenda.take(15)).toBeUndefined();
  });

  it('agrees with asking every machine, whatever happens', () => {
    const operation = fc.tuple(fc.nat(7), fc.option(fc.nat(100), { nil: undefined }), fc.boolean());
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const agenda = new Agenda<Item>();
        const items = Array.from({ length: 8 }, () => new Item(undefined));
        for (const [index, deadline, take] of operations) {
          items[index]!.deadline = deadline;
          agenda.touch(items[index]!);
          const deadlines = items.flatMap((item) => item.deadline ?? []);
          const expected = deadlines.length === 0 ? undefined : Math.min(...deadlines);
          expect(agenda.next()).toBe(expected);
          if (!take) continue;
          const taken = agenda.take(50);
          if (expected === undefined || expected > 50) expect(taken).toBeUndefined();
          else {
            expect(taken?.deadline).toBe(expected);
            taken!.deadline = undefined;
            agenda.touch(taken!);
          }
        }
      }),
      { seed: 20261122, numRuns: 300 },
    );
  });
});
