import { describe, expect, it } from 'vitest';
import { base64Encode } from '../../../src/base/base64.ts';
import { utf8Encode } from '../../../src/base/bytes.ts';
import { isMalformed } from '../../../src/sip/malformed.ts';
import { MediaSession } from '../../../src/sip/offer-answer.ts';
import { cryptoAttributesOf, type SrtpPolicy } from '../../../src/sip/sdes.ts';
import { parseSdp, type SessionDescription } from '../../../src/sip/sdp.ts';

const keyOf = (n: number) => new Uint8Array(30).fill(n);
const inline = (n: number) => `inline:${base64Encode(keyOf(n))}`;
const SHORT = 'AES_CM_128_HMAC_SHA1_32';
const LONG = 'AES_CM_128_HMAC_SHA1_80';

function sdp(protocol: string, ...attributes: readonly string[]): SessionDescription {
  const lines = ['v=0', 'o=phone 1 1 IN IP4 10.0.0.9', 's=call', 'c=IN IP4 10.0.0.9', 't=0 0'];
  const parsed = parseSdp(utf8Encode([...lines, `m=audio 4000 ${protocol} 0`, ...attributes, ''].join('\r\n')));
  if (isMalformed(parsed)) throw new Error('malformed');
  return parsed;
}

function session(policy?: SrtpPolicy): MediaSession {
  let made = 100;
  const makeKey = () => keyOf(++made);
  const address = { ip: '192.0.2.1', port: 10_000 };
  const srtp = policy === undefined ? {} : { srtp: { policy, makeKey } };
  return new MediaSession({ address, codecs: ['ulaw'], sessionId: '42', ...srtp });
}

const voiceOf = (description: SessionDescription | undefined) => description?.media[0];
const cryptoOf = (description: SessionDescription | undefined) =>
  (voiceOf(description)?.attributes ?? []).filter(([name]) => name === 'crypto').map(([, value]) => value);

describe('a=crypto [RFC4568 §9.1]', () => {
  it.each([
    `1 ${LONG} ${inline(1)}`,
    `1 ${LONG} ${inline(1)}|2^31`,
    `1 ${LONG} ${inline(1)}|1048576 WSH=64`,
    `1 ${LONG} ${inline(1)} -x`,
  ])('%s is taken', (value) => {
    expect(cryptoAttributesOf(sdp('RTP/SAVP', `a=crypto:${value}`).media[0]!)).toEqual([
      { tag: 1, suite: LONG, key: keyOf(1) },
    ]);
  });

  it.each([
    '',
    `x ${LONG} ${inline(1)}`,
    `1 F8_128_HMAC_SHA1_80 ${inline(1)}`,
    `1 ${LONG} ${inline(1)}|2^31|1:4`,
    `1 ${LONG} ${inline(1)};${inline(2)}`,
    `1 ${LONG} ${inline(1)} UNENCRYPTED_SRTP`,
    `1 ${LONG} ${inline(1)} KDR=1`,
    `1 ${LONG} inline:AAAA`,
  ])('%j is passed over', (value) => {
    expect(cryptoAttributesOf(sdp('RTP/SAVP', `a=crypto:${value}`).media[0]!)).toEqual([]);
  });
});

describe('an offer with keys', () => {
  it('is answered with its first suite that we can, its tag, and a key of ours', () => {
    const one = session('optional');
    const offer = sdp('RTP/SAVP', `a=crypto:4 F8_128_HMAC_SHA1_80 ${inline(1)}`, `a=crypto:7 ${SHORT} ${inline(2)}`);
    const answer = one.answer(offer);
    expect(voiceOf(answer)?.protocol).toBe('RTP/SAVP');
    expect(cryptoOf(answer)).toEqual([`7 ${SHORT} ${inline(101)}`]);
    expect(one.agreement?.srtp).toEqual({ suite: SHORT, sendKey: keyOf(101), receiveKey: keyOf(2) });
  });

  it('may stand on a line of RTP/AVP, too, as that of a phone that can do without', () => {
    const one = session('required');
    const answer = one.answer(sdp('RTP/AVP', `a=crypto:1 ${LONG} ${inline(2)}`));
    expect(voiceOf(answer)?.protocol).toBe('RTP/AVP');
    expect(cryptoOf(answer)).toHaveLength(1);
  });

  it('that comes again keeps our key, and its suite if it is among the others', () => {
    const one = session('optional');
    one.answer(sdp('RTP/SAVP', `a=crypto:1 ${SHORT} ${inline(2)}`));
    const again = sdp('RTP/SAVP', `a=crypto:1 ${LONG} ${inline(3)}`, `a=crypto:2 ${SHORT} ${inline(2)}`);
    expect(cryptoOf(one.answer(again))).toEqual([`2 ${SHORT} ${inline(101)}`]);
    expect(cryptoOf(one.makeOffer())).toEqual([`2 ${SHORT} ${inline(101)}`]);
  });

  it('gets a new key when the suite changes and when it comes back', () => {
    const one = session('optional');
    const keys = [SHORT, LONG, SHORT].map(
      (suite) => cryptoOf(one.answer(sdp('RTP/SAVP', `a=crypto:1 ${suite} ${inline(2)}`)))[0],
    );
    expect(new Set(keys.map((value) => value?.split(' ')[2])).size).toBe(3);
  });

  it.each([
    ['sealed, where we seal nothing', undefined, 'RTP/SAVP', [`a=crypto:1 ${LONG} ${inline(1)}`]],
    ['sealed without a key', 'optional', 'RTP/SAVP', []],
    ['in the clear, where it must be sealed', 'required', 'RTP/AVP', []],
  ] as const)('%s, is refused', (_, policy, protocol, attributes) => {
    const offer = sdp(protocol, ...attributes);
    expect(session(policy).accepts(offer)).toBe(false);
    expect(session(policy).answer(offer)).toBeUndefined();
  });

  it('is answered in the clear where we seal nothing and it can do without', () => {
    const one = session();
    expect(cryptoOf(one.answer(sdp('RTP/AVP', `a=crypto:1 ${LONG} ${inline(1)}`)))).toEqual([]);
    expect(one.agreement?.srtp).toBeUndefined();
  });
});

describe('an offer of ours with keys', () => {
  it.each([
    ['optional', 'RTP/AVP'],
    ['required', 'RTP/SAVP'],
  ] as const)('%s: has both suites, each with its key, on a line of %s', (policy, protocol) => {
    const offer = session(policy).makeOffer();
    expect(voiceOf(offer)?.protocol).toBe(protocol);
    expect(cryptoOf(offer)).toEqual([`1 ${LONG} ${inline(101)}`, `2 ${SHORT} ${inline(102)}`]);
  });

  it('is sealed with the suite that the answer names', () => {
    const one = session('required');
    one.makeOffer();
    one.handleAnswer(sdp('RTP/SAVP', `a=crypto:2 ${SHORT} ${inline(9)}`));
    expect(one.agreement?.srtp).toEqual({ suite: SHORT, sendKey: keyOf(102), receiveKey: keyOf(9) });
  });

  it('is in the clear if the answer has no key, unless it must not be', () => {
    const [one, other] = [session('optional'), session('required')];
    one.makeOffer();
    other.makeOffer();
    expect(one.handleAnswer(sdp('RTP/AVP'))?.srtp).toBeUndefined();
    expect(one.agreement).toBeDefined();
    expect(other.handleAnswer(sdp('RTP/AVP'))).toBeUndefined();
  });
});
