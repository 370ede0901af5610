import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { utf8Encode } from '../../src/base/bytes.ts';
import { SeededRandom } from '../../src/base/random.ts';
import type { StatusSnapshot } from '../../src/status/schema.ts';
import type { Appliance } from '../support/appliance.ts';
import { BRANCH, startBranch } from '../support/branch-office.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { pause, waitUntil } from '../support/wait-until.ts';

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
  await office.waitForStatus('them to be counted', 5_000, ({ dropped }) => {
    const counted = Object.entries(dropped).filter(([reason]) => reason.startsWith('iax2.'));
    return counted.reduce((sum, [, count]) => sum + count, 0) > 5_000;
  });
  socket.close();
  // Nobody can use us to make more traffic than they send.
  expect(answered).toBeLessThan(1.2 * sent);
  await office.lift(1);
  await office.waitForLine(1, 'dial-tone', 2_000);
  expect(office.log.split('\n').length).toBeLessThan(200);
});

test('two thousand calls of a user that nobody knows are told once and again, not two thousand times', async () => {
  const socket = createSocket('udp4');
  socket.bind(0, loopbackAddress(8));
  await once(socket, 'listening');
  const element = (id: number, value: Uint8Array) => [id, value.length, ...value];
  const open = (call: number, token: Uint8Array) =>
    Uint8Array.of(
      ...[0x80 | (call >> 8), call & 0xff, 0, 0, 0, 0, 0, 3, 0, 0, 6, 1],
      ...element(11, Uint8Array.of(0, 2)),
      ...element(1, utf8Encode('201')),
      ...element(6, utf8Encode('mallory')),
      ...element(54, token),
    );
  const before = office.log.split('\n').length;
  socket.send(open(1, new Uint8Array()), 4569, BRANCH);
  const [challenge] = (await once(socket, 'message')) as [Buffer];
  const token = challenge.subarray(14, 14 + challenge[13]!);
  const refused = once(socket, 'message');
  for (let call = 2; call < 2_002; call++) {
    socket.send(open(call, token), 4569, BRANCH);
    if (call % 50 === 0) await pause(2);
  }
  await refused;
  const counted = ({ dropped }: StatusSnapshot) => (dropped['iax2.unknown-user'] ?? 0) > 100;
  await office.waitForStatus('them to be counted', 5_000, counted);
  await waitUntil('the word', 5_000, () => office.log.includes('Nobody here is called mallory'));
  socket.close();
  expect(office.log.split('\n').length - before).toBeLessThan(40);
});
