import { describe, expect, it } from 'vitest';
import { isMalformed } from '../../../src/sip/malformed.ts';
import { branchOf, formatVia, parseVia, responseHop, stampVia, type Via } from '../../../src/sip/via.ts';

function via(text: string): Via {
  const parsed = parseVia(text);
  if (isMalformed(parsed)) throw new Error(text);
  return parsed;
}

const FROM = { ip: '198.51.100.7', port: 40_000 };
const UDP = { transport: 'udp', ...FROM } as const;

describe('Via', () => {
  it('comes back as it was', () => {
    const text = 'SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bKx;rport';
    expect(formatVia(via(text))).toBe(text);
  });

  it.each([
    'SIP/2.0/UDP',
    'SIP/2.0 UDP host',
    'HTTP/2.0/UDP host',
    'SIP/2.0/UDP ;branch=x',
    'SIP/2.0/UDP h;;',
    'SIP/2.0/UDP h:99999',
    '',
  ])('%s is malformed', (text) => expect(isMalformed(parseVia(text))).toBe(true));

  it('knows a branch by its cookie, in any case, and not by the cookie alone [RFC3261 §8.1.1.7]', () => {
    expect(branchOf(via('SIP/2.0/UDP h;branch=Z9HG4BKx'))).toBe('Z9HG4BKx');
    expect(branchOf(via('SIP/2.0/UDP h;branch=z9hG4bK'))).toBeUndefined();
    expect(branchOf(via('SIP/2.0/UDP h;branch=abc'))).toBeUndefined();
  });

  it('is stamped with the source where sent-by is another, and with the port where that is asked [RFC3581 §4]', () => {
    const stamped = (text: string, force = false) => formatVia(stampVia(via(text), FROM, force));
    expect(stamped('SIP/2.0/UDP 198.51.100.7')).toBe('SIP/2.0/UDP 198.51.100.7');
    expect(stamped('SIP/2.0/UDP 10.0.0.1')).toBe('SIP/2.0/UDP 10.0.0.1;received=198.51.100.7');
    expect(stamped('SIP/2.0/UDP 10.0.0.1;rport')).toBe('SIP/2.0/UDP 10.0.0.1;rport=40000;received=198.51.100.7');
    expect(stamped('SIP/2.0/UDP 198.51.100.7', true)).toContain('rport=40000');
  });

  it('says where the response goes [RFC3261 §18.2.2]', () => {
    const hop = (text: string) => responseHop(via(text), UDP);
    expect(hop('SIP/2.0/UDP 10.0.0.1:5062;rport=40000;received=198.51.100.7')).toEqual(UDP);
    expect(hop('SIP/2.0/UDP 10.0.0.1:5062;received=198.51.100.7')).toEqual({ ...UDP, port: 5062 });
    expect(hop('SIP/2.0/UDP 198.51.100.7')).toEqual({ ...UDP, port: 5060 });
    expect(hop('SIP/2.0/UDP phone.example.com')).toEqual({ ...UDP, port: 5060 });
    const tcp = { transport: 'tcp', connection: 3, ...FROM } as const;
    expect(responseHop(via('SIP/2.0/TCP 10.0.0.1'), tcp)).toBe(tcp);
  });
});
