import { createServer, type IncomingMessage, type Server } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatSpan, formatStatus } from '../../../src/cli/status-table.ts';
import { CONTROL_SOCKET } from '../../../src/io/control-client.ts';
import type { StatusSnapshot } from '../../../src/status/schema.ts';
import { Bench } from './terminal-double.ts';

const SINCE = '2026-11-22T20:15:30.000Z';

const SNAPSHOT: StatusSnapshot = {
  site: 'graz-02',
  version: '1.0.0',
  uptimeMs: 93_784_000,
  trunks: {
    hq: {
      kind: 'iax2',
      reachable: true,
      rttMs: 12.4,
      lossPct: 0,
      address: '198.51.100.1:4569',
      reason: null,
      registration: { state: 'registered', refreshS: 60, apparent: '198.51.100.7:4569', since: SINCE },
    },
    backup: {
      kind: 'iax2',
      reachable: null,
      rttMs: null,
      lossPct: null,
      address: null,
      reason: 'The name does not exist.',
      registration: null,
    },
  },
  hat: {
    ...{ port: '/dev/ttyAMA0', runs: 'hardware', up: false, reason: 'The HAT has fallen silent.', board: null },
    ...{ firmware: null, rttMs: null, crcErrors: 2, resyncs: 0, repeats: 0, resets: 0, resetLine: 0, reopenings: 1 },
    ...{ underruns: null, lateBlocks: null, stalledBlocks: null, hatCrcErrors: null },
  },
  lines: {
    '1': {
      kind: 'fxs',
      hook: 'off',
      state: 'talking',
      extension: '201',
      name: 'Desk',
      doNotDisturb: false,
      forward: { always: null, busy: '203', noAnswer: null },
      since: SINCE,
    },
    '2': {
      kind: 'fxs',
      hook: 'on',
      state: 'idle',
      extension: '202',
      name: 'evil\u001b[2J',
      doNotDisturb: true,
      forward: { always: '7123', busy: null, noAnswer: null },
      since: SINCE,
    },
  },
  phones: {},
  adoption: null,
  calls: [
    {
      id: 'c1',
      from: '201',
      to: '7123',
      state: 'talking',
      since: SINCE,
      started: SINCE,
      emergency: false,
      legs: [
        { kind: 'line', channel: 'LINE/1', lossPct: 0, jitterMs: 0, mos: 4.4 },
        { kind: 'iax2', channel: 'IAX2/hq', lossPct: 0, jitterMs: 0, mos: 4.4 },
      ],
    },
  ],
  conferences: {
    '600': {
      members: [{ channel: 'LINE/1', leader: true, muted: false }],
      locked: true,
      recording: true,
      since: SINCE,
    },
  },
  media: { io: 'event-loop', tickLatenessMs: { p50: 0, p99: 0, max: 0 } },
  mqtt: { url: 'mqtt://127.0.0.1:1883', state: 'connected', protocol: '5', reason: null, waiting: 0, since: SINCE },
  dropped: {},
};

let bench: Bench;
let server: Server;
let requests: string[];
let answer: { status: number; body: unknown };
beforeEach(async () => {
  bench = new Bench();
  requests = [];
  answer = { status: 200, body: SNAPSHOT };
  server = createServer((request, response) => {
    void textOf(request).then((text) => {
      requests.push(`${request.method} ${request.url} ${text}`.trim());
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(join(bench.folder, CONTROL_SOCKET), resolve));
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  bench.dispose();
});

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

describe('status', () => {
  test('prints a table of what there is, with nothing in it that could move the cursor', async () => {
    const { code, out } = await bench.execute(['status', '--data', bench.folder]);
    expect(code).toBe(0);
    expect(requests).toEqual(['GET /api/status']);
    expect(out).toBe(
      [
        'graz-02 · branchline 1.0.0 · up 1 d 2 h',
        '',
        'HAT  /dev/ttyAMA0  hardware  The HAT has fallen silent.  2 CRC errors, 0 resets, 1 reopenings',
        '',
        'LINE  kind  state    hook  extension  name      orders',
        '1     fxs   talking  off   201        Desk      when busy to 203',
        '2     fxs   idle     on    202        evil·[2J  do not disturb, forwards to 7123',
        '',
        'CONFERENCE  members         state',
        '600         LINE/1 (leads)  locked, recording',
        '',
        'TRUNK   kind  registration                     reachable  rtt    reason',
        'hq      iax2  registered as 198.51.100.7:4569  yes        12 ms',
        'backup  iax2  –                                –                 The name does not exist.',
        '',
        'CALL  from  to    state    since     legs',
        'c1    201   7123  talking  20:15:30  LINE/1 + IAX2/hq',
        '',
        'MQTT  mqtt://127.0.0.1:1883  connected',
        '',
      ].join('\n'),
    );
  });

  test('marks an emergency call', () => {
    const [call] = SNAPSHOT.calls;
    const text = formatStatus({ ...SNAPSHOT, calls: [{ ...call!, to: '112', emergency: true }] });
    expect(text).toContain('c1    201   112  talking, emergency  20:15:30  LINE/1 + IAX2/hq');
  });

  test('prints the whole status as JSON', async () => {
    const { out } = await bench.execute(['status', '--json', '--data', bench.folder]);
    expect(JSON.parse(out)).toEqual(SNAPSHOT);
  });

  test('draws again until it is stopped, also when the appliance goes away', async () => {
    const stopping = new AbortController();
    let pauses = 0;
    const pause = async () => {
      if (++pauses === 1) await new Promise((resolve) => server.close(resolve));
      if (pauses === 2) stopping.abort();
    };
    const { code, out } = await bench.execute(['status', '--watch', '--data', bench.folder], {
      pause,
      stop: stopping.signal,
      interactive: true,
    });
    expect(code).toBe(0);
    expect(out.split('\u001b[H\u001b[J').map((screen) => screen.split('\n')[0])).toEqual([
      '',
      'graz-02 · branchline 1.0.0 · up 1 d 2 h',
      `no appliance runs with the data directory ${bench.folder}; name another with --data`,
    ]);
  });

  test('gives one line of JSON per drawing with both', async () => {
    const stopping = new AbortController();
    const { out } = await bench.execute(['status', '--watch', '--json', '--data', bench.folder], {
      pause: async () => stopping.abort(),
      stop: stopping.signal,
    });
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([SNAPSHOT]);
  });
});

describe('call and hangup', () => {
  test('ask the appliance, and print the id of the call', async () => {
    answer = { status: 201, body: { id: 'c7' } };
    expect(await bench.execute(['call', '201', '7123', '--data', bench.folder])).toEqual({
      code: 0,
      out: 'c7\n',
      err: '',
    });
    expect(requests).toEqual(['POST /api/calls {"from":"201","to":"7123"}']);
  });

  test('print the answer as JSON', async () => {
    answer = { status: 201, body: { id: 'c7' } };
    const { out } = await bench.execute(['call', '201', '7123', '--json', '--data', bench.folder]);
    expect(JSON.parse(out)).toEqual({ id: 'c7' });
  });

  test('name the call in one piece, whatever is in its id', async () => {
    answer = { status: 204, body: undefined };
    expect(await bench.execute(['hangup', '../c 7', '--data', bench.folder])).toEqual({ code: 0, out: '', err: '' });
    expect(requests).toEqual(['DELETE /api/calls/..%2Fc%207']);
  });

  test("end with 1 and the appliance's own words if it refuses", async () => {
    answer = { status: 404, body: { error: 'There is no call c9.' } };
    expect(await bench.execute(['hangup', 'c9', '--data', bench.folder])).toEqual({
      code: 1,
      out: '',
      err: 'branchline: There is no call c9.\n',
    });
    answer = { status: 500, body: 'x' };
    expect((await bench.execute(['hangup', 'c9', '--data', bench.folder])).err).toContain('HTTP status 500');
  });

  test.each([['status'], ['call', '1', '2'], ['hangup', 'x']])(
    '%s: end with 1 and say so where nothing runs',
    async (...argv) => {
      const empty = new Bench();
      expect(await bench.execute([...argv, '--data', empty.folder])).toEqual({
        code: 1,
        out: '',
        err: `branchline: no appliance runs with the data directory ${empty.folder}; name another with --data\n`,
      });
      empty.dispose();
    },
  );
});

test.each([
  [0, '0 s'],
  [59_999, '59 s'],
  [61_000, '1 min 1 s'],
  [3_600_000, '1 h 0 min'],
  [90_061_000, '1 d 1 h'],
])('%d ms is %s', (ms, text) => {
  expect(formatSpan(ms)).toBe(text);
});
