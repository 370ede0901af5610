import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SeededRandom } from '../../src/base/random.ts';
import type { Appliance } from '../support/appliance.ts';
import { BRANCH, startBranch } from '../support/branch-office.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { pause } from '../support/wait-until.ts';

let office: Appliance;

beforeAll(async () => {
  office = await startBranch();
});

afterAll(async () => {
  await office?.dispose();
});

test('20,000 random datagrams on the IAX2 port are counted, and the telephones go on', async () => {
  const random = new SeededRandom(20_260_101);
  const socket = createSocket('udp4');
  socket.bind(0, loopbackAddress(7));
  await once(socket, 'listening');
  let answered = 0;
  socket.on('message', (bytes) => {
    answered += bytes.length;
  });
  let sent = 0;
  for (let i = 0; i < 20_000; i++) {
    const bytes = Uint8Array.from({ length: random.integer(80) }, () => random.integer(256));
    // Every second one begins as a full frame of type IAX, so that it gets past the first checks.
    if (i % 2 === 0 && bytes.length > 12) bytes.set([0x80 | random.integer(128), random.integer(256), 0, 0]);
    if (i % 4 === 0 && bytes.length > 12) bytes.set([6, 1 + random.integer(40)], 10);
    socket.send(bytes, 4569, BRANCH);
    sent += bytes.length;
    if (i % 200 === 0) await pause(2);
  }
  await pause(500);
  socket.close();
  const { dropped } = await office.status();
  const counted = Object.entries(dropped).filter(([reason]) => reason.startsWith('iax2.'));
  expect(counted.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(5_000);
  // Nobody can use us to make more traffic than they send.
  expect(answered).toBeLessThan(1.2 * sent);
  await office.lift(1);
  await office.waitForLine(1, 'dial-tone', 2_000);
  expect(office.log.split('\n').length).toBeLessThan(200);
});
