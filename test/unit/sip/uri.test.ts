import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMalformed } from '../../../src/sip/malformed.ts';
import { escapeUser, formatUri, parseUri, sameUri, sipUri, unescapeText, userOf } from '../../../src/sip/uri.ts';

function uri(text: string) {
  const parsed = parseUri(text);
  if (isMalformed(parsed)) throw new Error(text);
  return parsed;
}

describe('sameUri', () => {
  it.each([
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;security=on'],
    ['sip:biloxi.com;transport=tcp;method=REGISTER', 'sip:biloxi.com;method=REGISTER;transport=tcp'],
    ['sip:a@example.com?to=x&subject=y', 'sip:a@example.com?subject=y&to=x'],
    ['sip:a@[2001:DB8::1]', 'sip:a@[2001:db8:0:0::1]'],
  ])('%s is %s [RFC3261 §19.1.4]', (a, b) => {
    expect(sameUri(uri(a), uri(b))).toBe(true);
    expect(sameUri(uri(b), uri(a))).toBe(true);
  });

  it.each([
    ['sip:ALICE@AtLanTa.CoM', 'sip:alice@AtLanTa.CoM'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['sip:a%3Bb@example.com', 'sip:a;b@example.com'],
    ['sip:a@example.com', 'sips:a@example.com'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
  ])('%s is not %s [RFC3261 §19.1.4]', (a, b) => {
    expect(sameUri(uri(a), uri(b))).toBe(false);
    expect(sameUri(uri(b), uri(a))).toBe(false);
  });
});

describe('parseUri', () => {
  it.each([
    'sip:',
    'sip:@example.com',
    'sip:a@b@example.com',
    'sip:a@',
    'sip:a@example.com:70000',
    'sip:a@example.com:x',
    'sip:a@[2001:db8::1',
    'sip:a@2001:db8::1',
    'sip: a@example.com',
    'sip:a@example.com;;',
    'sip:a@example.com?x',
    'alice',
    ':x',
  ])('%s is malformed', (text) => {
    expect(parseUri(text)).toEqual({ type: 'malformed', reason: 'uri' });
  });

  it('takes what phones dial', () => {
    expect(userOf(uri('sip:*72#@example.com'))).toBe('*72#');
    expect(uri('tel:+33472000001')).toEqual({ scheme: 'tel', opaque: '+33472000001' });
    expect(uri('sip:my_host:5070;lr')).toMatchObject({ host: 'my_host', port: 5070, user: undefined });
  });

  it('gives back what it wrote, whatever the user is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (user) => {
        const made = sipUri({ host: 'example.com', user, port: 5080 });
        expect(uri(formatUri(made))).toEqual(made);
        expect(userOf(made)).toBe(user);
      }),
      { seed: 3261 },
    );
  });

  it('takes off escapes as UTF-8 and leaves what is none', () => {
    expect(unescapeText('%C3%A9t%C3%A9')).toBe('été');
    expect(unescapeText('100%')).toBe('100%');
    expect(escapeUser('Zoë#1')).toBe('Zo%C3%AB%231');
  });
});
