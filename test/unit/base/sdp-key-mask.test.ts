import { describe, expect, it } from 'vitest';
import { SdpKeyMask } from '../../../src/base/sdp-key-mask.ts';

const KEY = 'd0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj';
const OTHER = 'NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj';
const MESSAGE = [
  'INVITE sip:201@branch SIP/2.0',
  'Content-Type: application/sdp',
  '',
  'v=0',
  `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|2^20|1:4 UNENCRYPTED_SRTCP`,
  `a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:${OTHER}`,
  'a=sendrecv',
  '',
].join('\r\n');
const MASKED = MESSAGE.replace(KEY, '*'.repeat(KEY.length)).replace(OTHER, '*'.repeat(OTHER.length));

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (shown: Uint8Array) => new TextDecoder().decode(shown);

describe('SdpKeyMask', () => {
  it('shows all of a message but the keys of SRTP, which stay as long as they were [RFC4568 §6.1]', () => {
    const given = bytes(MESSAGE);
    expect(text(new SdpKeyMask().mask(given))).toBe(MASKED);
    expect(text(given)).toBe(MESSAGE);
  });

  it('shows no key that comes in two pieces, wherever it is cut', () => {
    for (let at = 0; at <= MESSAGE.length; at++) {
      const mask = new SdpKeyMask();
      const shown = text(mask.mask(bytes(MESSAGE.slice(0, at)))) + text(mask.mask(bytes(MESSAGE.slice(at))));
      expect(shown).toBe(MASKED);
    }
  });

  it('shows no end of a key whose beginning was not looked at', () => {
    for (let at = 0; at <= MESSAGE.length; at++) {
      const mask = new SdpKeyMask();
      mask.skip();
      const shown = text(mask.mask(bytes(MESSAGE.slice(at))));
      expect(shown).toHaveLength(MESSAGE.length - at);
      for (const key of [KEY, OTHER]) expect(shown).not.toContain(key.slice(-8));
    }
  });

  it('shows answers and messages one after the other, and finds a key after letters that look like its beginning', () => {
    const mask = new SdpKeyMask();
    const answer = `SIP/2.0 200 OK\r\n\r\nx=ininlinline:${KEY}\r\n`;
    expect(text(mask.mask(bytes(answer)))).toBe(answer.replace(KEY, '*'.repeat(KEY.length)));
    expect(text(mask.mask(bytes(MESSAGE)))).toBe(MASKED);
  });
});
