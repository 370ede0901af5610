import { afterEach, expect, it } from 'vitest';
import { HatSerialPort } from '../../../firmware-bridge/serial-port.ts';
import { Counters } from '../../../src/base/counters.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { waitUntil } from '../../support/wait-until.ts';

const clock = new VirtualClock();
const counters = new Counters();
const logged: string[] = [];
const failures: number[] = [];
let closings = 0;
const port = new HatSerialPort({
  path: '/dev/no-such-hat',
  baud: 1_000_000,
  retryMs: (count) => {
    failures.push(count);
    return 1_000;
  },
  onOpened: () => {},
  onClosed: () => closings++,
  onBytes: () => {},
  clock,
  counters,
  log: (_level, _part, message) => logged.push(message),
});

afterEach(() => port.close());

it('tries a device that is not there again and again, says why once, and counts what it cannot send', async () => {
  port.start();
  for (let attempt = 1; attempt <= 3; attempt++) {
    await waitUntil(`failure ${attempt}`, 10_000, () => failures.length === attempt);
    expect(closings).toBe(attempt);
    clock.advance(1_000);
  }
  expect(failures).toEqual([1, 2, 3]);
  expect(logged).toEqual([expect.stringMatching(/^\/dev\/no-such-hat cannot be used: .*No such file/)]);
  expect(port.status).toMatchObject({ isOpen: false, reopenings: 0, reason: expect.stringContaining('No such file') });
  port.send(Uint8Array.of(1));
  expect(counters.get('hat.port-closed')).toBe(1);
  await port.close();
  expect(clock.pending).toBe(0);
});
