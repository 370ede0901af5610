import { beforeEach, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { HeaderFields } from '../../../src/sip/header-field.ts';
import { makeResponse, type Request } from '../../../src/sip/message.ts';
import { Registrant, type RegistrantConfig, type RegistrationStatus } from '../../../src/sip/registrant.ts';
import type { ClientTransactionUser } from '../../../src/sip/transaction.ts';
import type { OutgoingRequest } from '../../../src/sip/transaction-layer.ts';
import { sipUri } from '../../../src/sip/uri.ts';
import { seededCrypto } from '../../support/iax2-world.ts';

type Fields = readonly (readonly [string, string])[];

let nowMs: number;
let sent: { request: OutgoingRequest; user: ClientTransactionUser; atMs: number }[];
let statuses: RegistrationStatus[];
let registrant: Registrant;
let contactPort: number;

function start(config: Partial<RegistrantConfig> = {}): void {
  nowMs = 10_000;
  sent = [];
  statuses = [];
  contactPort = 5060;
  registrant = new Registrant(
    {
      registrar: sipUri({ host: 'itsp.example' }),
      username: 'lyon',
      secret: { password: 'geheim' },
      expiresS: 3_600,
      ...config,
    },
    {
      crypto: seededCrypto(3),
      random: new SeededRandom(3),
      wallClock: () => nowMs,
      contact: () => sipUri({ host: '192.0.2.7', port: contactPort, user: 'lyon' }),
      send: (request, user, atMs) => sent.push({ request, user, atMs }),
      changed: (status) => statuses.push(status),
    },
  );
  registrant.start(nowMs);
}

beforeEach(() => start());

const last = () => sent.at(-1)!;
const authorization = () => last().request.headers.get('Authorization');

function answer(status: number, headers: Fields = [], to = last()): void {
  const via = {
    transport: 'UDP',
    host: '192.0.2.7',
    port: 5060,
    parameters: new Map([
      ['received', '198.51.100.1'],
      ['rport', '4711'],
    ]),
  };
  const request: Request = { ...to.request, type: 'request', vias: [via] };
  to.user.handleResponse(makeResponse(request, status, { headers, toTag: 'r' }), nowMs);
}

function advance(ms: number): void {
  nowMs += ms;
  registrant.handleTimeout(nowMs);
}

const challenge = (nonce: string, more = ''): Fields => [
  ['WWW-Authenticate', `Digest realm="itsp", nonce="${nonce}", qop="auth"${more}`],
];
const granted = (seconds: number): Fields => [['Contact', `<sip:lyon@192.0.2.7:5060>;expires=${seconds}`]];

describe('a registration that goes well [RFC3261 §10.2]', () => {
  it('answers the challenge, is registered, knows how the registrar sees it, and refreshes in time', () => {
    expect(last().request).toMatchObject({ method: 'REGISTER', uri: { host: 'itsp.example', user: undefined } });
    expect(last().request.headers.get('Expires')).toBe('3600');
    answer(401, challenge('n1'));
    expect(authorization()).toMatch(/nonce="n1".*nc=00000001/);
    answer(200, granted(600));
    expect(registrant.status).toMatchObject({
      state: 'registered',
      refreshS: 600,
      apparent: '198.51.100.1:4711',
      reason: null,
    });
    advance(539_999);
    expect(sent).toHaveLength(2);
    advance(1);
    expect(sent).toHaveLength(3);
    expect(authorization()).toMatch(/nonce="n1".*nc=00000002/);
    expect(sent.map(({ request }) => request.cseq.number)).toEqual([1, 2, 3]);
    expect(new Set(sent.map(({ request }) => request.callId)).size).toBe(1);
    answer(200, granted(600));
    expect(statuses.map(({ state }) => state)).toEqual(['registering', 'registered']);
  });

  it.each([
    [
      'its own contact, not the first of the list',
      [['Contact', '<sip:x@other>;expires=30, <sip:lyon@192.0.2.7:5060>;expires=120']],
      120,
    ],
    ['the only contact, even if rewritten', [['Contact', '<sip:lyon@203.0.113.1:9>;expires=90']], 90],
    [
      'the header, where the contact says nothing',
      [
        ['Contact', '<sip:lyon@192.0.2.7:5060>'],
        ['Expires', '180'],
      ],
      180,
    ],
    ['what it asked for, where nothing is said', [], 3_600],
  ] as [string, Fields, number][])('takes the time of %s', (_name, headers, seconds) => {
    answer(200, headers);
    expect(registrant.status.refreshS).toBe(seconds);
    expect(registrant.nextDeadline()).toBe(nowMs + seconds * 900);
  });

  it('asks again with a new nonce where the old one is stale, or is not taken twice', () => {
    answer(401, challenge('n1'));
    answer(200, granted(100));
    advance(90_000);
    answer(401, challenge('n2', ', stale=true'));
    expect(authorization()).toMatch(/nonce="n2".*nc=00000001/);
    answer(200, granted(100));
    advance(90_000);
    answer(401, challenge('n3'));
    expect(authorization()).toMatch(/nonce="n3"/);
    answer(200, granted(100));
    expect(registrant.status.state).toBe('registered');
  });

  it('proves itself to a proxy and to the registrar behind it, with the strongest digest offered', () => {
    answer(407, [['Proxy-Authenticate', 'Digest realm="edge", nonce="p", qop="auth"']]);
    answer(401, [...challenge('weak'), ...challenge('strong', ', algorithm=SHA-256')]);
    expect(last().request.headers.get('Proxy-Authorization')).toContain('realm="edge"');
    expect(authorization()).toMatch(/nonce="strong".*algorithm=SHA-256/);
    answer(200, granted(60));
    expect(registrant.status.state).toBe('registered');
  });

  it('is taken back on stop, with a proof if that is asked for', () => {
    answer(401, challenge('n1'));
    answer(200, granted(600));
    registrant.stop(nowMs);
    expect(last().request.headers.get('Expires')).toBe('0');
    answer(401, challenge('n2', ', stale=true'));
    expect(last().request.headers.get('Expires')).toBe('0');
    answer(200, []);
    expect(registrant.status.state).toBe('unregistered');
    expect(registrant.nextDeadline()).toBeUndefined();
  });

  it('registers at once at a new address, and the answer to the old attempt counts no more', () => {
    const before = last();
    contactPort = 5070;
    registrant.reregister(nowMs);
    expect(last().request.headers.get('Contact')).toContain(':5070');
    answer(200, granted(100), before);
    expect(registrant.status.state).toBe('registering');
    answer(200, granted(200));
    expect(registrant.status.refreshS).toBe(200);
  });
});

describe('a registration that fails', () => {
  const waitMs = () => registrant.nextDeadline()! - nowMs;

  it('an interval too brief is made longer at once [RFC3261 §10.2.8]', () => {
    start({ expiresS: 60 });
    answer(423, [['Min-Expires', '1800']]);
    expect(last().request.headers.get('Expires')).toBe('1800');
    answer(200, granted(1_800));
    expect(registrant.status.state).toBe('registered');
  });

  it.each([[[]], [[['Min-Expires', '30']]], [[['Min-Expires', '99999999999']]]] as [Fields][])(
    'an interval too brief with %j is a refusal, not a loop',
    (headers) => {
      start({ expiresS: 60 });
      answer(423, headers);
      expect(sent).toHaveLength(1);
      expect(registrant.status).toMatchObject({
        state: 'rejected',
        reason: 'itsp.example answered 423 Interval Too Brief.',
      });
    },
  );

  it('a wrong secret is no-auth after one try, and is tried again after ten minutes', () => {
    answer(401, challenge('n1'));
    answer(401, challenge('n2'));
    expect(sent).toHaveLength(2);
    expect(registrant.status).toMatchObject({ state: 'no-auth', reason: 'itsp.example answered 401 Unauthorized.' });
    expect(waitMs()).toBe(600_000);
    advance(600_000);
    expect(authorization()).toBeUndefined();
    answer(401, challenge('n3'));
    expect(authorization()).toContain('n3');
  });

  it('a server that calls every nonce stale does not keep us busy', () => {
    for (let i = 0; i < 20 && registrant.status.state === 'registering'; i++)
      answer(401, challenge(`n${i}`, ', stale=true'));
    expect(sent).toHaveLength(5);
    expect(registrant.status.state).toBe('no-auth');
  });

  it('a challenge that nobody can answer is no-auth', () => {
    answer(401, [['WWW-Authenticate', 'Bearer realm="x"']]);
    expect(registrant.status.state).toBe('no-auth');
    expect(sent).toHaveLength(1);
  });

  it('403 is rejected, and asked again in ten minutes, not for ever', () => {
    answer(401, challenge('n1'));
    answer(403);
    expect(registrant.status).toMatchObject({ state: 'rejected', reason: 'itsp.example answered 403 Forbidden.' });
    expect(waitMs()).toBe(600_000);
  });

  it.each([
    ['503 with a time', 503, [['Retry-After', '120']], 120_000],
    ['503 with a comment', 503, [['Retry-After', '18000;duration=3600 (maintenance)']], 3_600_000],
    ['503 for ever', 503, [['Retry-After', '949302838503028349304023988']], 3_600_000],
  ] as [string, number, Fields, number][])(
    '%s is looked at again then, within the hour',
    (_name, status, headers, ms) => {
      answer(status, headers);
      expect(waitMs()).toBe(ms);
    },
  );

  it('silence is a timeout; the wait doubles up to a minute, with jitter, and begins anew after a success', () => {
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      last().user.handleFailure('timeout', nowMs);
      expect(registrant.status).toMatchObject({ state: 'timeout', reason: 'itsp.example did not answer.' });
      waits.push(waitMs());
      advance(waitMs());
    }
    for (const [i, wait] of waits.entries()) {
      const full = Math.min(5_000 * 2 ** i, 60_000);
      expect(wait).toBeGreaterThanOrEqual(full / 2);
      expect(wait).toBeLessThanOrEqual(full);
    }
    answer(200, granted(600));
    advance(540_000);
    last().user.handleFailure('unreachable', nowMs);
    expect(waitMs()).toBeLessThanOrEqual(5_000);
  });

  it('a refresh without an answer leaves the registration standing until it expires', () => {
    answer(200, granted(100));
    advance(90_000);
    last().user.handleFailure('timeout', nowMs);
    expect(registrant.status).toMatchObject({ state: 'registered', reason: 'itsp.example did not answer.' });
    while (registrant.status.state === 'registered') {
      advance(registrant.nextDeadline()! - nowMs);
      if (registrant.status.state === 'registered') last().user.handleFailure('timeout', nowMs);
    }
    expect(nowMs).toBe(10_000 + 100_000);
    expect(registrant.status.state).toBe('timeout');
    expect(registrant.nextDeadline()).toBeDefined();
  });

  it('a refresh that is refused ends the registration', () => {
    answer(200, granted(100));
    advance(90_000);
    answer(500);
    expect(registrant.status).toMatchObject({ state: 'rejected', refreshS: null });
  });

  it('a registrar that grants nothing has not registered us', () => {
    answer(200, granted(0));
    expect(registrant.status.state).toBe('rejected');
    expect(registrant.nextDeadline()).toBeDefined();
  });

  it('the secret is in nothing that is shown or sent', () => {
    answer(401, challenge('n1'));
    answer(401, challenge('n2'));
    const headers = sent.flatMap(({ request }) => [...new HeaderFields(request.headers)].flat());
    expect(JSON.stringify([statuses, headers])).not.toContain('geheim');
  });
});
