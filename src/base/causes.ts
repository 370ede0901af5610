/**
 * Why a call ended, in one word that code, logs, tests, CDRs and MQTT share, and what that is in Q.850, in SIP and in
 * the dialplan's DIALSTATUS. The one table that maps them. [RFC5456 §8.6.21] [RFC3398 §7.2.4.1, §8.2.6.1]
 */
export type Cause = keyof typeof TABLE;

/** What Dial leaves in `${DIALSTATUS}`; the column of the table follows Asterisk's app_dial, which admins write against. */
export type DialStatus = 'ANSWER' | 'BUSY' | 'NOANSWER' | 'CHANUNAVAIL' | 'CONGESTION' | 'CANCEL';

interface CauseRow {
  /** Q.850 cause value: CAUSECODE of IAX2, `${HANGUPCAUSE}`. */
  readonly q850: number;
  /** The sentence that goes into the CAUSE element and logs. */
  readonly text: string;
  /** SIP response when the call is refused for it. */
  readonly sip: number;
  readonly dialStatus: DialStatus;
}

const TABLE = {
  'unallocated-number': { q850: 1, text: 'Unallocated number', sip: 404, dialStatus: 'CHANUNAVAIL' },
  'no-route': { q850: 3, text: 'No route to destination', sip: 404, dialStatus: 'CHANUNAVAIL' },
  'normal-clearing': { q850: 16, text: 'Normal clearing', sip: 480, dialStatus: 'NOANSWER' },
  'user-busy': { q850: 17, text: 'User busy', sip: 486, dialStatus: 'BUSY' },
  'no-user-response': { q850: 18, text: 'No user responding', sip: 408, dialStatus: 'CHANUNAVAIL' },
  'no-answer': { q850: 19, text: 'No answer', sip: 480, dialStatus: 'NOANSWER' },
  'call-rejected': { q850: 21, text: 'Call rejected', sip: 603, dialStatus: 'CHANUNAVAIL' },
  'number-changed': { q850: 22, text: 'Number changed', sip: 410, dialStatus: 'CHANUNAVAIL' },
  // A call that goes in a circle; by our 483 the switch before us hears the same. [RFC3398 §8.2.6.1]
  'exchange-routing-error': { q850: 25, text: 'Exchange routing error', sip: 483, dialStatus: 'CHANUNAVAIL' },
  'answered-elsewhere': { q850: 26, text: 'Answered elsewhere', sip: 480, dialStatus: 'NOANSWER' },
  'destination-out-of-order': { q850: 27, text: 'Destination out of order', sip: 502, dialStatus: 'CHANUNAVAIL' },
  'invalid-number-format': { q850: 28, text: 'Invalid number format', sip: 484, dialStatus: 'CHANUNAVAIL' },
  'facility-rejected': { q850: 29, text: 'Facility rejected', sip: 501, dialStatus: 'CHANUNAVAIL' },
  'normal-unspecified': { q850: 31, text: 'Normal, unspecified', sip: 480, dialStatus: 'CHANUNAVAIL' },
  'no-circuit': { q850: 34, text: 'No circuit available', sip: 503, dialStatus: 'CONGESTION' },
  'network-out-of-order': { q850: 38, text: 'Network out of order', sip: 502, dialStatus: 'CONGESTION' },
  'temporary-failure': { q850: 41, text: 'Temporary failure', sip: 503, dialStatus: 'CONGESTION' },
  'switch-congestion': { q850: 42, text: 'Switching equipment congestion', sip: 503, dialStatus: 'CONGESTION' },
  'facility-not-subscribed': { q850: 50, text: 'No authority found', sip: 403, dialStatus: 'CHANUNAVAIL' },
  'bearer-unavailable': { q850: 58, text: 'Bearer capability not available', sip: 488, dialStatus: 'CHANUNAVAIL' },
  'service-unavailable': { q850: 63, text: 'Service not available', sip: 503, dialStatus: 'CHANUNAVAIL' },
  'not-implemented': { q850: 79, text: 'Service not implemented', sip: 501, dialStatus: 'CHANUNAVAIL' },
  'timer-expired': { q850: 102, text: 'Recovery on timer expiry', sip: 504, dialStatus: 'CHANUNAVAIL' },
  interworking: { q850: 127, text: 'Interworking, unspecified', sip: 500, dialStatus: 'CHANUNAVAIL' },
} as const satisfies Record<string, CauseRow>;

const BY_Q850 = new Map<number, Cause>();
const BY_SIP = new Map<number, Cause>();
for (const [cause, row] of Object.entries(TABLE) as [Cause, CauseRow][]) {
  BY_Q850.set(row.q850, cause);
  if (!BY_SIP.has(row.sip)) BY_SIP.set(row.sip, cause);
}
BY_SIP.set(403, 'call-rejected').set(480, 'no-user-response').set(502, 'destination-out-of-order');
BY_SIP.set(400, 'temporary-failure').set(481, 'temporary-failure').set(500, 'temporary-failure');
BY_SIP.set(401, 'call-rejected').set(402, 'call-rejected').set(407, 'call-rejected');
BY_SIP.set(406, 'not-implemented').set(415, 'not-implemented').set(501, 'not-implemented');
BY_SIP.set(482, 'exchange-routing-error');
for (const status of [413, 414, 416, 420, 421, 423]) BY_SIP.set(status, 'interworking');
BY_SIP.set(405, 'service-unavailable').set(485, 'unallocated-number');
BY_SIP.set(600, 'user-busy').set(604, 'unallocated-number').set(503, 'temporary-failure');

/** Every cause, for schemas. */
export function causeWords(): Cause[] {
  return Object.keys(TABLE) as Cause[];
}

/** Q.850 value of a cause. */
export function q850Of(cause: Cause): number {
  return TABLE[cause].q850;
}

/** The cause of a Q.850 value; what the table does not know is normal-unspecified, as Q.850 classes it. */
export function causeOfQ850(value: number): Cause {
  return BY_Q850.get(value) ?? 'normal-unspecified';
}

export function sipStatusOf(cause: Cause): number {
  return TABLE[cause].sip;
}

/** The cause of a SIP final response of 300 or above. [RFC3398 §8.2.6.1] */
export function causeOfSipStatus(status: number): Cause {
  return BY_SIP.get(status) ?? (status >= 400 && status < 500 ? 'normal-unspecified' : 'interworking');
}

export function dialStatusOf(cause: Cause): DialStatus {
  return TABLE[cause].dialStatus;
}

export function causeText(cause: Cause): string {
  return TABLE[cause].text;
}
