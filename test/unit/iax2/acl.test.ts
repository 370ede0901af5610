import { describe, expect, it } from 'vitest';
import { type AclRule, allowOnly, isAllowed, parseNetwork } from '../../../src/iax2/acl.ts';

const rule = (action: AclRule['action'], network: string): AclRule => ({ action, network: parseNetwork(network)! });

describe('access lists', () => {
  it.each([
    ['203.0.113.0/24', '203.0.113.255', true],
    ['203.0.113.0/24', '203.0.114.0', false],
    ['203.0.113.7', '203.0.113.7', true],
    ['203.0.113.7', '203.0.113.8', false],
    ['10.0.0.0/255.255.240.0', '10.0.15.1', true],
    ['10.0.0.0/255.255.240.0', '10.0.16.1', false],
    ['0.0.0.0/0', '198.51.100.1', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['192.0.2.0/24', '::ffff:192.0.2.9', true],
  ])('%s and %s: %s', (network, ip, expected) => {
    expect(isAllowed([rule('deny', '0.0.0.0/0'), rule('deny', '::/0'), rule('permit', network)], ip)).toBe(expected);
  });

  it('the last rule that matches decides', () => {
    const rules = [rule('deny', '0.0.0.0/0'), rule('permit', '192.0.2.0/24'), rule('deny', '192.0.2.66')];
    expect(isAllowed(rules, '192.0.2.65')).toBe(true);
    expect(isAllowed(rules, '192.0.2.66')).toBe(false);
    expect(isAllowed([...rules].reverse(), '192.0.2.65')).toBe(false);
  });

  it('no rules allow everyone, but not what is no address', () => {
    expect(isAllowed([], '192.0.2.1')).toBe(true);
    expect(isAllowed([], 'hq.example')).toBe(false);
  });

  it('allowFrom keeps out everyone else, in both families', () => {
    const rules = allowOnly(['192.0.2.0/24', '2001:db8::/32'])!;
    expect(['192.0.2.1', '192.0.3.1', '2001:db8::1', '2001:db9::1'].map((ip) => isAllowed(rules, ip))).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(allowOnly(['192.0.2.0/33'])).toBeUndefined();
  });

  it.each(['', 'x', '192.0.2.0/33', '::/129', '192.0.2.0/255.0.255.0', '1.2.3.4/8/8', '1.2.3', '192.0.2.0/-1'])(
    'refuses %j',
    (text) => {
      expect(parseNetwork(text)).toBeUndefined();
    },
  );
});
