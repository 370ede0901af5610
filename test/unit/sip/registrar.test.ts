import { beforeEach, describe, expect, it } from 'vitest';
import { utf8Encode } from '../../../src/base/bytes.ts';
import { Counters } from '../../../src/base/counters.ts';
import { Authenticator } from '../../../src/sip/authenticator.ts';
import { Credentials } from '../../../src/sip/credentials.ts';
import type { DigestAlgorithm } from '../../../src/sip/digest.ts';
import { HeaderFields } from '../../../src/sip/header-field.ts';
import type { Hop } from '../../../src/sip/hop.ts';
import { isMalformed } from '../../../src/sip/malformed.ts';
import type { Request, Response } from '../../../src/sip/message.ts';
import { parseMessage } from '../../../src/sip/parse.ts';
import { Registrar, type RegistrarOutput } from '../../../src/sip/registrar.ts';
import { seededCrypto } from '../../support/iax2-world.ts';
import { TORTURE_MESSAGES } from '../../vectors/sip/rfc4475.ts';

const FROM: Hop = { transport: 'udp', ip: '198.51.100.7', port: 40_000 };
const EPOCH = 1_795_000_000_000;
const SECRETS: Readonly<Record<string, string>> = { '211': 'geheim', '212': 'other' };

let nowMs: number;
let counters: Counters;
let registrar: Registrar;
let cseq: number;
let algorithms: readonly DigestAlgorithm[];

function start(): void {
  counters = new Counters();
  algorithms = ['MD5'];
  const crypto = seededCrypto(5);
  const authenticator = new Authenticator({
    crypto,
    realm: 'lyon-01',
    secretOf: (user) => (SECRETS[user] === undefined ? undefined : { password: SECRETS[user] }),
    algorithmsFor: () => algorithms,
  });
  registrar = new Registrar({ crypto, authenticator, counters, wallClock: () => EPOCH + nowMs });
}

beforeEach(() => {
  nowMs = 1_000;
  cseq = 0;
  start();
});

function request(lines: readonly string[], user = '211', callId = 'a'): Request {
  const head = [
    'REGISTER sip:192.0.2.1 SIP/2.0',
    'Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK1',
    `From: <sip:${user}@192.0.2.1>;tag=1`,
    `To: <sip:${user}@192.0.2.1>`,
    `Call-ID: ${callId}`,
    `CSeq: ${++cseq} REGISTER`,
  ];
  const message = parseMessage(utf8Encode(`${[...head, ...lines].join('\r\n')}\r\n\r\n`));
  if (isMalformed(message) || message.type !== 'request') throw new Error('not a request');
  return message;
}

/** A phone that knows its secret: asks, is challenged, answers. */
function register(lines: readonly string[], user = '211', more: { callId?: string; from?: Hop; secret?: string } = {}) {
  const from = more.from ?? FROM;
  const credentials = new Credentials(seededCrypto(cseq), user, { password: more.secret ?? SECRETS[user] ?? '' });
  const first = request(lines, user, more.callId);
  const challenged = registrar.handleRegister(first, from, nowMs);
  if (challenged?.status !== 401) return challenged;
  credentials.handleChallenge(challenged, first.headers);
  const second = request(lines, user, more.callId);
  credentials.authorise(second);
  return registrar.handleRegister(second, from, nowMs);
}

const CONTACT = 'Contact: <sip:211@10.0.0.9:5060>';
const contactsOf = (response: Response | undefined) => response?.headers.all('Contact');
function drain(): RegistrarOutput[] {
  const outputs: RegistrarOutput[] = [];
  for (let output = registrar.poll(); output !== undefined; output = registrar.poll()) outputs.push(output);
  return outputs;
}

describe('REGISTER [RFC3261 §10.3]', () => {
  it('binds a phone to where it comes from, lists it with its time, and tells', () => {
    const response = register([CONTACT, 'Expires: 600', 'User-Agent: Phone 1.0']);
    expect(response?.status).toBe(200);
    expect(contactsOf(response)).toEqual(['<sip:211@10.0.0.9:5060>;expires=600']);
    expect(registrar.bindingsOf('211')).toMatchObject([
      {
        contact: 'sip:211@10.0.0.9:5060',
        transport: 'udp',
        ip: FROM.ip,
        port: FROM.port,
        userAgent: 'Phone 1.0',
        expiresEpochMs: EPOCH + nowMs + 600_000,
      },
    ]);
    expect(drain()).toMatchObject([{ type: 'bindings', user: '211', bindings: [{ ip: FROM.ip }] }]);
  });

  it('asks without Contact for the list, and tells what is left of the time', () => {
    register([CONTACT, 'Expires: 600']);
    nowMs += 100_500;
    expect(contactsOf(register([]))).toEqual(['<sip:211@10.0.0.9:5060>;expires=500']);
  });

  it('expires a binding that is not refreshed, and says so', () => {
    register([CONTACT, 'Expires: 60']);
    drain();
    expect(registrar.nextDeadline()).toBe(nowMs + 60_000);
    registrar.handleTimeout(nowMs + 59_999);
    expect(drain()).toEqual([]);
    registrar.handleTimeout(nowMs + 60_000);
    expect(drain()).toEqual([{ type: 'bindings', user: '211', bindings: [] }]);
    expect(registrar.nextDeadline()).toBeUndefined();
  });

  it.each([
    ['the parameter before the header', [`${CONTACT};expires=120`, 'Expires: 600'], 120],
    ['the header', [CONTACT, 'Expires: 600'], 600],
    ['an hour where nothing is said', [CONTACT], 3_600],
    ['an hour where what is said is no number', [`${CONTACT};expires=soon`, 'Expires: 9999999999999999'], 3_600],
    ['no more than the limit', [CONTACT, 'Expires: 86400'], 3_600],
  ])('grants %s', (_name, lines, granted) => {
    expect(contactsOf(register(lines))).toEqual([`<sip:211@10.0.0.9:5060>;expires=${granted}`]);
  });

  it('refuses a time that is too short and says what is long enough', () => {
    const response = register([CONTACT, 'Expires: 10']);
    expect(response?.status).toBe(423);
    expect(response?.headers.get('Min-Expires')).toBe('60');
    expect(registrar.bindings).toEqual([]);
  });

  it('removes one contact with expires=0 and all with the star', () => {
    register([CONTACT]);
    register(['Contact: <sip:211@10.0.0.10>']);
    expect(contactsOf(register([`${CONTACT};expires=0`]))).toEqual(['<sip:211@10.0.0.10>;expires=3600']);
    expect(register(['Contact: *'])?.status).toBe(400);
    expect(register(['Contact: *', 'Expires: 600'])?.status).toBe(400);
    expect(register(['Contact: *', CONTACT, 'Expires: 0'])?.status).toBe(400);
    expect(contactsOf(register(['Contact: *', 'Expires: 0']))).toEqual([]);
    expect(registrar.bindings).toEqual([]);
  });

  it('refreshes by URI, or by the phone that says who it is, wherever it comes from [RFC5626 §6]', () => {
    register([CONTACT]);
    register([CONTACT]);
    expect(registrar.bindings).toHaveLength(1);
    const named = (ip: string) => [`Contact: <sip:211@${ip}>;+sip.instance="<urn:uuid:1>";reg-id=1`];
    register(named('10.0.0.20'));
    register(named('10.0.0.21'), '211', {
      callId: 'after reboot'.replaceAll(' ', '-'),
      from: { ...FROM, port: 40_001 },
    });
    expect(registrar.bindings).toMatchObject([{ port: 40_000 }, { contact: 'sip:211@10.0.0.21', port: 40_001 }]);
  });

  it('keeps so many contacts of one user, the latest; refuses more in one request', () => {
    for (let i = 1; i <= 4; i++) register([`Contact: <sip:211@10.0.0.${i}>;q=0.${i}`]);
    expect(registrar.bindingsOf('211').map(({ contact }) => contact)).toEqual([
      ...['sip:211@10.0.0.4', 'sip:211@10.0.0.3', 'sip:211@10.0.0.2'],
    ]);
    const many = [1, 2, 3, 4].map((i) => `Contact: <sip:211@10.0.1.${i}>`);
    expect(register(many)?.status).toBe(400);
  });

  it('a request that was overtaken changes nothing', () => {
    const late = request([CONTACT, 'Expires: 0']);
    register([CONTACT]);
    const credentials = new Credentials(seededCrypto(1), '211', { password: 'geheim' });
    credentials.handleChallenge(registrar.handleRegister(late, FROM, nowMs)!, late.headers);
    credentials.authorise(late);
    expect(registrar.handleRegister(late, FROM, nowMs)?.status).toBe(500);
    expect(registrar.bindings).toHaveLength(1);
  });

  it('keeps Path for the way back and returns it [RFC3327 §5.3]', () => {
    const response = register([CONTACT, 'Supported: path', 'Path: <sip:p1;lr>, <sip:p2;lr>']);
    expect(response?.headers.list('Path')).toEqual(['<sip:p1;lr>', '<sip:p2;lr>']);
    expect(registrar.bindings[0]?.path).toEqual(['<sip:p1;lr>', '<sip:p2;lr>']);
  });

  it('bindings outlive a restart as plain data, but not their time', () => {
    register([CONTACT, 'Expires: 600']);
    register(['Contact: <sip:212@10.0.0.12>', 'Expires: 60'], '212');
    const kept = JSON.parse(JSON.stringify(registrar.bindings)) as typeof registrar.bindings;
    start();
    nowMs += 100_000;
    registrar.restore(kept, nowMs);
    expect(registrar.bindings).toMatchObject([{ user: '211', ip: FROM.ip }]);
    expect(registrar.nextDeadline()).toBe(nowMs + 500_000);
    expect(drain()).toMatchObject([{ user: '211' }]);
  });

  it('the end of a connection ends what was bound over it', () => {
    register([CONTACT], '211', { from: { ...FROM, transport: 'tcp', connection: 7 } });
    register(['Contact: <sip:211@10.0.0.10>']);
    registrar.handleConnectionClosed(7);
    expect(registrar.bindings).toMatchObject([{ contact: 'sip:211@10.0.0.10' }]);
  });
});

describe('who may register', () => {
  it('nobody without proof: all are challenged alike, users and others [RFC3261 §22.1]', () => {
    const known = registrar.handleRegister(request([CONTACT], '211'), FROM, nowMs)!;
    const unknown = registrar.handleRegister(request([CONTACT], 'nobody'), FROM, nowMs)!;
    const shape = ({ status, headers }: Response) => [
      status,
      headers.get('WWW-Authenticate')?.replace(/nonce="[^"]*"/, 'nonce'),
    ];
    expect(shape(known)).toEqual([401, 'Digest realm="lyon-01", nonce, algorithm=MD5, qop="auth"']);
    expect(shape(unknown)).toEqual(shape(known));
    const wrong = register([CONTACT], '211', { secret: 'wrong' })!;
    const nobody = register([CONTACT], 'nobody', { secret: '' })!;
    expect(shape(wrong)).toEqual(shape(known));
    expect(shape(nobody)).toEqual(shape(known));
    expect(registrar.bindings).toEqual([]);
  });

  it('nobody for another', () => {
    const credentials = new Credentials(seededCrypto(1), '212', { password: 'other' });
    credentials.handleChallenge(registrar.handleRegister(request([CONTACT]), FROM, nowMs)!, new HeaderFields());
    const second = request([CONTACT]);
    credentials.authorise(second);
    expect(registrar.handleRegister(second, FROM, nowMs)?.status).toBe(403);
  });

  it('nobody who replays what another sent, from his address or from elsewhere', () => {
    const credentials = new Credentials(seededCrypto(1), '211', { password: 'geheim' });
    credentials.handleChallenge(registrar.handleRegister(request([CONTACT]), FROM, nowMs)!, new HeaderFields());
    const second = request([CONTACT]);
    credentials.authorise(second);
    expect(registrar.handleRegister(second, FROM, nowMs)?.status).toBe(200);
    const again = registrar.handleRegister(second, FROM, nowMs)!;
    expect(again.status).toBe(401);
    expect(again.headers.get('WWW-Authenticate')).toContain('stale=true');
    expect(registrar.handleRegister(second, { ...FROM, ip: '203.0.113.66' }, nowMs)?.status).toBe(401);
  });

  it('a nonce that is too old is stale, and the phone only has to ask again', () => {
    const credentials = new Credentials(seededCrypto(1), '211', { password: 'geheim' });
    credentials.handleChallenge(registrar.handleRegister(request([CONTACT]), FROM, nowMs)!, new HeaderFields());
    nowMs += 121_000;
    const late = request([CONTACT]);
    credentials.authorise(late);
    const response = registrar.handleRegister(late, FROM, nowMs)!;
    expect(response.headers.get('WWW-Authenticate')).toContain('stale=true');
    expect(credentials.handleChallenge(response, late.headers)).toBe(true);
    const again = request([CONTACT]);
    credentials.authorise(again);
    expect(registrar.handleRegister(again, FROM, nowMs)?.status).toBe(200);
    expect(counters.get('sip.auth-failed')).toBe(0);
  });

  it('SHA-256 is offered first where it is wanted, and a weaker one that was not offered is not taken [RFC8760 §2.3]', () => {
    algorithms = ['SHA-256', 'MD5'];
    const response = registrar.handleRegister(request([CONTACT]), FROM, nowMs)!;
    expect(response.headers.all('WWW-Authenticate').map((text) => /algorithm=([^,]+)/.exec(text)![1])).toEqual([
      ...['SHA-256', 'MD5'],
    ]);
    expect(register([CONTACT])?.status).toBe(200);
    const credentials = new Credentials(seededCrypto(1), '211', { password: 'geheim' });
    algorithms = ['MD5'];
    credentials.handleChallenge(registrar.handleRegister(request([CONTACT]), FROM, nowMs)!, new HeaderFields());
    algorithms = ['SHA-256'];
    const second = request([CONTACT]);
    credentials.authorise(second);
    expect(registrar.handleRegister(second, FROM, nowMs)?.status).toBe(401);
  });

  it('an address that guesses is not heard for ten minutes; others are', () => {
    for (let i = 0; i < 5; i++) expect(register([CONTACT], '211', { secret: `guess ${i}` })?.status).toBe(401);
    expect(drain().filter((output) => output.type === 'security')).toMatchObject([
      ...Array(4).fill({ event: 'auth-failed', username: '211' }),
      { event: 'locked-out', from: FROM },
    ]);
    expect(register([CONTACT])).toBeUndefined();
    expect(counters.get('sip.locked-out-request')).toBe(1);
    expect(register([CONTACT], '211', { from: { ...FROM, ip: '198.51.100.8' } })?.status).toBe(200);
    nowMs += 600_001;
    expect(register([CONTACT])?.status).toBe(200);
  });

  it('a phone that is registered goes on while another behind the same NAT guesses', () => {
    expect(register([CONTACT])?.status).toBe(200);
    const other = { ...FROM, port: FROM.port + 1 };
    for (let i = 0; i < 5; i++) register([CONTACT], '212', { secret: `guess ${i}`, from: other });
    expect(registrar.isLockedOut(other, nowMs)).toBe(true);
    expect(registrar.isLockedOut(FROM, nowMs)).toBe(false);
    expect(register([CONTACT])?.status).toBe(200);
  });

  it('who does not get our challenges cannot lock another out', () => {
    for (let i = 0; i < 100; i++) {
      const forged = request([
        CONTACT,
        `Authorization: Digest username="211", realm="lyon-01", nonce="n${i}", uri="sip:x", response="0"`,
      ]);
      registrar.handleRegister(forged, FROM, nowMs);
    }
    expect(registrar.isLockedOut(FROM, nowMs)).toBe(false);
  });
});

describe('torture messages to a registrar', () => {
  const torture = (name: string) => parseMessage(TORTURE_MESSAGES.find((one) => one.name === name)!.bytes) as Request;

  it.each(['regaut01', 'unksm2', 'escnull', 'cparam01', 'cparam02', 'regescrt', 'dblreq'])(
    '%s is asked for a proof that we can judge [RFC4475]',
    (name) => expect(registrar.handleRegister(torture(name), FROM, nowMs)?.status).toBe(401),
  );

  it('a contact that is no SIP address is refused [RFC4475 §3.3.4]', () => {
    expect(register(['Contact: <name:John_Smith>'])?.status).toBe(400);
    expect(register(['Contact: sip:211@10.0.0.9?Route=%3Csip:x%3E'])?.status).toBe(400);
  });

  it('parameters and headers of a contact are kept apart and given back [RFC4475 §3.3.12–§3.3.14]', () => {
    expect(contactsOf(register(['Contact: sip:211@10.0.0.9;unknownparam']))).toEqual([
      '<sip:211@10.0.0.9>;expires=3600',
    ]);
    start();
    const kept = '<sip:211@10.0.0.9;unknownparam?Route=%3Csip:sip.example.com%3E>';
    expect(contactsOf(register([`Contact: ${kept}`]))?.[0]?.toLowerCase()).toBe(`${kept};expires=3600`.toLowerCase());
  });
});
