import { describe, expect, it } from 'vitest';
import {
  causeOfQ850,
  causeOfSipStatus,
  causeText,
  dialStatusOf,
  q850Of,
  sipStatusOf,
} from '../../../src/base/causes.ts';

describe('the cause table', () => {
  it('has every cause that Asterisk has, so that none is another on its way through [causes.h]', () => {
    const values = [
      1, 2, 3, 5, 6, 7, 8, 14, 16, 17, 18, 19, 20, 21, 22, 23, 26, 27, 28, 29, 30, 31, 34, 38, 41, 42, 43,
    ];
    values.push(44, 45, 50, 52, 54, 57, 58, 65, 66, 69, 81, 88, 95, 96, 97, 98, 99, 100, 101, 102, 103, 111, 127);
    expect(values.map((value) => q850Of(causeOfQ850(value)))).toEqual(values);
  });

  it.each([
    [1, 'unallocated-number', 404, 'CHANUNAVAIL'],
    [2, 'no-transit-route', 404, 'CHANUNAVAIL'],
    [3, 'no-route', 404, 'CHANUNAVAIL'],
    [16, 'normal-clearing', 480, 'NOANSWER'],
    [17, 'user-busy', 486, 'BUSY'],
    [18, 'no-user-response', 408, 'CHANUNAVAIL'],
    [19, 'no-answer', 480, 'NOANSWER'],
    [20, 'subscriber-absent', 480, 'CHANUNAVAIL'],
    [21, 'call-rejected', 603, 'CHANUNAVAIL'],
    [25, 'exchange-routing-error', 483, 'CHANUNAVAIL'],
    [26, 'answered-elsewhere', 480, 'NOANSWER'],
    [27, 'destination-out-of-order', 502, 'CHANUNAVAIL'],
    [34, 'no-circuit', 503, 'CONGESTION'],
    [38, 'network-out-of-order', 502, 'CHANUNAVAIL'],
    [41, 'temporary-failure', 503, 'CHANUNAVAIL'],
    [42, 'switch-congestion', 503, 'CHANUNAVAIL'],
    [44, 'channel-unavailable', 503, 'CHANUNAVAIL'],
    [58, 'bearer-unavailable', 488, 'CHANUNAVAIL'],
    [79, 'not-implemented', 501, 'CHANUNAVAIL'],
    [102, 'timer-expired', 504, 'CHANUNAVAIL'],
  ] as const)('knows Q.850 cause %i as %s, SIP %i and DIALSTATUS %s', (q850, cause, sip, dialStatus) => {
    expect(causeOfQ850(q850)).toBe(cause);
    expect(q850Of(cause)).toBe(q850);
    expect(sipStatusOf(cause)).toBe(sip);
    expect(dialStatusOf(cause)).toBe(dialStatus);
    expect(causeText(cause)).not.toBe('');
  });

  it('reads a cause value that it does not know as normal, unspecified [Q.850 §2.2.7]', () => {
    expect(causeOfQ850(126)).toBe('normal-unspecified');
    expect(causeOfQ850(0)).toBe('normal-unspecified');
  });

  it.each([
    [404, 'unallocated-number'],
    [410, 'number-changed'],
    [486, 'user-busy'],
    [600, 'user-busy'],
    [403, 'call-rejected'],
    [603, 'call-rejected'],
    [488, 'bearer-unavailable'],
    [400, 'temporary-failure'],
    [401, 'call-rejected'],
    [402, 'call-rejected'],
    [407, 'call-rejected'],
    [405, 'service-unavailable'],
    [481, 'temporary-failure'],
    [485, 'unallocated-number'],
    [500, 'temporary-failure'],
    [406, 'not-implemented'],
    [415, 'not-implemented'],
    [501, 'not-implemented'],
    [482, 'exchange-routing-error'],
    [483, 'exchange-routing-error'],
    [413, 'interworking'],
    [414, 'interworking'],
    [416, 'interworking'],
    [420, 'interworking'],
    [421, 'interworking'],
    [423, 'interworking'],
    [505, 'interworking'],
    [513, 'interworking'],
    [499, 'normal-unspecified'],
    [599, 'interworking'],
  ] as const)('maps SIP %i to %s [RFC3398 §8.2.6.1]', (status, cause) => {
    expect(causeOfSipStatus(status)).toBe(cause);
  });

  it.each([
    [408, 'no-user-response'],
    [480, 'no-answer'],
    [502, 'destination-out-of-order'],
    [503, 'no-circuit'],
  ] as const)('maps SIP %i to %s, as Asterisk has it', (status, cause) => {
    expect(causeOfSipStatus(status)).toBe(cause);
  });
});
