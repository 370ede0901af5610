import { describe, expect, it } from 'vitest';
import type { Machine } from '../../../src/base/machine.ts';
import { Queue } from '../../../src/base/queue.ts';
import { Driver } from '../../../src/io/driver.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** Puts out what it is told, and `alarm` at each instant it was set for. */
class Recorder implements Machine<string> {
  readonly outputs = new Queue<string>();
  alarms: number[] = [];

  handleTimeout(nowMs: number): void {
    const due = this.alarms.filter((at) => at <= nowMs);
    this.alarms = this.alarms.filter((at) => at > nowMs);
    for (const _ of due) this.outputs.push(`alarm ${nowMs}`);
  }
  poll(): string | undefined {
    return this.outputs.shift();
  }
  nextDeadline(): number | undefined {
    return this.alarms.length === 0 ? undefined : Math.min(...this.alarms);
  }
}

function drive(handle: (output: string) => void = () => {}) {
  const machine = new Recorder();
  const clock = new VirtualClock();
  const seen: string[] = [];
  const driver = new Driver(machine, clock, (output) => {
    seen.push(output);
    handle(output);
  });
  return { machine, clock, seen, driver };
}

describe('Driver', () => {
  it('drains every output of an input, in order, and gives back the result of a command', () => {
    const { machine, driver, seen } = drive();
    const result = driver.give((nowMs) => {
      machine.outputs.push('a');
      machine.outputs.push('b');
      return nowMs;
    });
    expect(result).toBe(0);
    expect(seen).toEqual(['a', 'b']);
  });

  it('takes an input from inside an output: at once, its outputs after those that wait', () => {
    const order: string[] = [];
    const { machine, driver, seen } = drive((output) => {
      if (output !== 'a') return;
      driver.give(() => machine.outputs.push('nested'));
      order.push(`after nested: ${seen.join()}`);
    });
    driver.give(() => {
      machine.outputs.push('a');
      machine.outputs.push('b');
    });
    expect(seen).toEqual(['a', 'b', 'nested']);
    expect(order).toEqual(['after nested: a']);
  });

  it('drains what inputs within an input put out once that one has returned', () => {
    const { machine, driver, seen } = drive();
    driver.give(() => {
      driver.give(() => machine.outputs.push('a'));
      driver.give(() => machine.outputs.push('b'));
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual(['a', 'b']);
  });

  it('wakes the machine at its deadline and arms one timer only', () => {
    const { machine, clock, driver, seen } = drive();
    driver.give(() => machine.alarms.push(50, 20));
    expect(clock.pending).toBe(1);
    clock.advance(19);
    expect(seen).toEqual([]);
    clock.advance(1);
    expect(seen).toEqual(['alarm 20']);
    clock.advance(30);
    expect(seen).toEqual(['alarm 20', 'alarm 50']);
    expect(clock.pending).toBe(0);
  });

  it('moves its timer when an input brings the deadline forward or takes it away', () => {
    const { machine, clock, driver, seen } = drive();
    driver.give(() => machine.alarms.push(1000));
    driver.give(() => machine.alarms.push(10));
    clock.advance(10);
    expect(seen).toEqual(['alarm 10']);
    driver.give(() => {
      machine.alarms = [];
    });
    expect(clock.pending).toBe(0);
  });

  it('leaves its timer where it is when an input puts the deadline off, and looks again when it fires', () => {
    const { machine, clock, driver, seen } = drive();
    let armed = 0;
    const { after } = clock;
    clock.after = (delayMs, task) => {
      armed++;
      return after.call(clock, delayMs, task);
    };
    for (const atMs of [10, 20, 30, 40]) {
      driver.give(() => {
        machine.alarms = [atMs];
      });
    }
    expect(armed).toBe(1);
    clock.advance(39);
    expect(seen).toEqual([]);
    clock.advance(1);
    expect(seen).toEqual(['alarm 40']);
    expect(armed).toBe(2);
  });

  it('does not spin on a deadline that stays in the past', () => {
    const { machine, clock, driver } = drive();
    let wakeUps = 0;
    machine.nextDeadline = () => 0;
    machine.handleTimeout = () => {
      wakeUps++;
    };
    driver.give(() => {});
    clock.advance(10);
    expect(wakeUps).toBe(10);
  });

  it('fires no timer once stopped, but still takes and drains inputs', () => {
    const { machine, clock, driver, seen } = drive();
    driver.give(() => machine.alarms.push(5));
    driver.stop();
    expect(clock.pending).toBe(0);
    driver.give(() => machine.outputs.push('goodbye'));
    clock.advance(100);
    expect(seen).toEqual(['goodbye']);
  });

  it('can be used again after a handler threw', () => {
    const { machine, driver, seen } = drive((output) => {
      if (output === 'bug') throw new Error('a bug');
    });
    expect(() => driver.give(() => machine.outputs.push('bug'))).toThrow('a bug');
    driver.give(() => machine.outputs.push('next'));
    expect(seen).toEqual(['bug', 'next']);
  });
});
