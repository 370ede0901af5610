import { beforeEach, describe, expect, it } from 'vitest';
import { utf8Encode } from '../../../src/base/bytes.ts';
import type { MessageCount } from '../../../src/base/message-count.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { HeaderFields } from '../../../src/sip/header-field.ts';
import { isMalformed } from '../../../src/sip/malformed.ts';
import { makeResponse, type Request } from '../../../src/sip/message.ts';
import { MessageSubscription } from '../../../src/sip/message-subscription.ts';
import { parseSummary } from '../../../src/sip/message-summary.ts';
import { nameAddr } from '../../../src/sip/name-addr.ts';
import type { ClientTransactionUser } from '../../../src/sip/transaction.ts';
import { sipUri } from '../../../src/sip/uri.ts';
import { seededCrypto } from '../../support/iax2-world.ts';

const HOP = { transport: 'udp', ip: '203.0.113.1', port: 5060 } as const;
const WAITING = 'Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\n';

describe('a message summary [RFC3842 §3.5]', () => {
  const parse = (text: string) => parseSummary(utf8Encode(text));

  it('tells new and old voice messages, and whose they are', () => {
    expect(parse(`${WAITING}Message-Account: sip:211@itsp.example\r\n`)).toEqual({
      account: '211',
      count: { newMessages: 2, oldMessages: 8 },
    });
    expect(parse('messages-waiting:NO\nvoice-message: 0/3')).toEqual({
      account: undefined,
      count: { newMessages: 0, oldMessages: 3 },
    });
  });

  it('without numbers has one where messages wait, and none where not', () => {
    expect(parse('Messages-Waiting: yes\r\n')).toMatchObject({ count: { newMessages: 1, oldMessages: 0 } });
    expect(parse('Messages-Waiting: no\r\n')).toMatchObject({ count: { newMessages: 0, oldMessages: 0 } });
  });

  it.each(['', 'Voice-Message: 2/8', 'Messages-Waiting: maybe', 'Messages-Waiting: yes\r\nVoice-Message: 2', '\0'])(
    '%j is malformed',
    (text) => expect(isMalformed(parse(text))).toBe(true),
  );
});

describe('a subscription to a mailbox', () => {
  let nowMs: number;
  let sent: { request: Request; user: ClientTransactionUser }[];
  let counts: MessageCount[];
  let subscription: MessageSubscription;

  const last = () => sent.at(-1)!;
  const answer = (status: number, ...headers: (readonly [string, string])[]) => {
    const response = makeResponse(last().request, status, { toTag: 'theirs', headers });
    last().user.handleResponse(response, nowMs);
  };
  const notify = (state: string, text = WAITING, number = sent.length) =>
    subscription.handleNotify(
      {
        ...last().request,
        method: 'NOTIFY',
        cseq: { number, method: 'NOTIFY' },
        from: last().request.to,
        to: last().request.from,
        headers: new HeaderFields([
          ['Event', 'message-summary'],
          ['Subscription-State', state],
        ]),
        body: utf8Encode(text),
      },
      nowMs,
    );
  /** When it asks again, s from now. */
  const waitS = () => Math.round(((subscription.nextDeadline() ?? Number.NaN) - nowMs) / 1_000);
  const wait = () => {
    nowMs = subscription.nextDeadline()!;
    subscription.handleTimeout(nowMs);
  };

  beforeEach(() => {
    nowMs = 0;
    sent = [];
    counts = [];
    const note = (request: Omit<Request, 'vias' | 'type'>, user: ClientTransactionUser) =>
      void sent.push({ request: { ...request, type: 'request', vias: [] }, user });
    subscription = new MessageSubscription(
      { registrar: sipUri({ host: 'itsp.example' }), username: 'lyon', box: '211' },
      {
        crypto: seededCrypto(1),
        random: new SeededRandom(1),
        credentials: undefined,
        contact: () => sipUri({ host: '192.0.2.10', user: 'lyon' }),
        send: (make, user) => note(make(HOP), user),
        sendWithin: (request, _hop, user) => note(request, user),
        changed: (count) => counts.push(count),
      },
    );
    subscription.start(nowMs);
  });

  it('asks for the box by its name, and again before the time that was granted is over [RFC6665 §4.1.2]', () => {
    expect(last().request).toMatchObject({ method: 'SUBSCRIBE', uri: { user: '211', host: 'itsp.example' } });
    expect(last().request.headers.get('Event')).toBe('message-summary');
    answer(200, ['Expires', '600'], ['Contact', '<sip:box@203.0.113.1>']);
    expect(waitS()).toBe(540);
    wait();
    expect(sent).toHaveLength(2);
    expect(last().request).toMatchObject({
      callId: sent[0]!.request.callId,
      cseq: { number: 2 },
      uri: { user: 'box' },
    });
  });

  it('takes what it is told, also before its SUBSCRIBE is answered [RFC6665 §4.4.1]', () => {
    expect(notify('active;expires=600')).toBe(200);
    answer(200);
    expect(notify('active', 'Messages-Waiting: no', 2)).toBe(200);
    expect(counts).toEqual([
      { newMessages: 2, oldMessages: 8 },
      { newMessages: 0, oldMessages: 0 },
    ]);
  });

  it('refuses what it cannot read or what is out of order, and leaves to others what is not its own', () => {
    answer(200);
    expect(notify('active', 'nonsense', 5)).toBe(400);
    expect(notify('active', WAITING, 5)).toBe(500);
    const { request } = last();
    expect(subscription.handleNotify({ ...request, to: nameAddr(sipUri({ host: 'x' })) }, nowMs)).toBeUndefined();
    expect(subscription.handleNotify({ ...request, to: request.from, callId: 'another' }, nowMs)).toBeUndefined();
    expect(subscription.handleNotify({ ...request, to: request.from, headers: new HeaderFields([]) }, nowMs)).toBe(489);
    expect(counts).toEqual([]);
  });

  it.each([
    ['terminated;reason=timeout', 5],
    ['terminated;reason=deactivated', 5],
    ['terminated;reason=probation;retry-after=120', 120],
    ['terminated;reason=noresource', 600],
    ['terminated', 600],
  ])('that ends with %s is asked for anew after %i s [RFC6665 §4.1.3]', (state, afterS) => {
    answer(200);
    expect(notify(state)).toBe(200);
    expect(waitS()).toBe(afterS);
    wait();
    expect(last().request.callId).not.toBe(sent[0]!.request.callId);
  });

  it.each([
    [404, [], 600],
    [489, [], 600],
    [403, [['Retry-After', '90']], 90],
  ] as const)('that is refused with %i is left alone for a while', (status, headers, afterS) => {
    answer(status, ...headers);
    expect(waitS()).toBe(afterS);
  });

  it('asks for as long as the notifier wants at least [RFC6665 §4.2.1.1]', () => {
    answer(423, ['Min-Expires', '7200']);
    expect(last().request.headers.get('Expires')).toBe('7200');
  });

  it('begins anew where a refresh finds it forgotten', () => {
    answer(200);
    wait();
    answer(481);
    expect(last().request).toMatchObject({ cseq: { number: 1 } });
    expect(sent).toHaveLength(3);
  });

  it('asks less and less often while nobody answers, and again at once when it is told to', () => {
    const waits: number[] = [];
    for (let n = 0; n < 8; n++) {
      last().user.handleFailure('timeout', nowMs);
      waits.push(waitS());
      wait();
    }
    expect(waits[0]).toBeLessThanOrEqual(30);
    expect(waits.at(-1)).toBeGreaterThan(300);
    last().user.handleFailure('timeout', nowMs);
    const before = sent.length;
    subscription.retry(nowMs);
    expect(sent).toHaveLength(before + 1);
  });

  it('is taken back once, and says nothing after', () => {
    answer(200);
    subscription.stop(nowMs);
    expect(last().request.headers.get('Expires')).toBe('0');
    answer(200);
    expect(subscription.nextDeadline()).toBeUndefined();
    expect(notify('terminated;reason=timeout')).toBeUndefined();
  });
});
