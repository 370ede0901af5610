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
  'no-transit-route': { q850: 2, text: 'No route to transit network', sip: 404, dialStatus: 'CHANUNAVAIL' },
  'no-route': { q850: 3, text: 'No route to destination', sip: 404, dialStatus: 'CHANUNAVAIL' },
  'misdialled-prefix': { q850: 5, text: 'Misdialled trunk prefix', sip: 404, dialStatus: 'CHANUNAVAIL' },
  'channel-unacceptable': { q850: 6, text: 'Channel unacceptable', sip: 480, dialStatus: 'CHANUNAVAIL' },
  'call-awarded': { q850: 7, text: 'Call awarded and being delivered', sip: 480, dialStatus: 'CHANUNAVAIL' },
  'pre-emption': { q850: 8, text: 'Pre-emption', sip: 480, dialStatus: 'CHANUNAVAIL' },
  'number-ported': { q850: 14, text: 'Number ported', sip: 410, dialStatus: 'CHANUNAVAIL' },
  'normal-clearing': { q850: 16, text: 'Normal clearing', sip: 480, dialStatus: 'NOANSWER' },
  'user-busy': { q850: 17, text: 'User busy', sip: 486, dialStatus: 'BUSY' },
  'no-user-response': { q850: 18, text: 'No user responding', sip: 408, dialStatus: 'CHANUNAVAIL' },
  'no-answer': { q850: 19, text: 'No answer', sip: 480, dialStatus: 'NOANSWER' },
  'subscriber-absent': { q850: 20, text: 'Subscriber absent', sip: 480, dialStatus: 'CHANUNAVAIL' },
  'call-rejected': { q850: 21, text: 'Call rejected', sip: 603, dialStatus: 'CHANUNAVAIL' },
  'number-changed': { q850: 22, text: 'Number changed', sip: 410, dialStatus: 'CHANUNAVAIL' },
  redirected: { q850: 23, text: 'Redirected to new destination', sip: 410, dialStatus: 'CHANUNAVAIL' },
  // A call that goes in a circle; by our 483 the switch before us hears the same. [RFC3398 §8.2.6.1]
  'exchange-routing-error': { q850: 25, text: 'Exchange routing error', sip: 483, dialStatus: 'CHANUNAVAIL' },
  'answered-elsewhere': { q850: 26, text: 'Answered elsewhere', sip: 480, dialStatus: 'NOANSWER' },
  'destination-out-of-order': { q850: 27, text: 'Destination out of order', sip: 502, dialStatus: 'CHANUNAVAIL' },
  'invalid-number-format': { q850: 28, text: 'Invalid number format', sip: 484, dialStatus: 'CHANUNAVAIL' },
  'facility-rejected': { q850: 29, text: 'Facility rejected', sip: 501, dialStatus: 'CHANUNAVAIL' },
  'status-enquiry': { q850: 30, text: 'Response to status enquiry', sip: 480, dialStatus: 'CHANUNAVAIL' },
  'normal-unspecified': { q850: 31, text: 'Normal, unspecified', sip: 480, dialStatus: 'CHANUNAVAIL' },
  'no-circuit': { q850: 34, text: 'No circuit available', sip: 503, dialStatus: 'CONGESTION' },
  'network-out-of-order': { q850: 38, text: 'Network out of order', sip: 502, dialStatus: 'CHANUNAVAIL' },
  'temporary-failure': { q850: 41, text: 'Temporary failure', sip: 503, dialStatus: 'CHANUNAVAIL' },
  'switch-congestion': { q850: 42, text: 'Switching equipment congestion', sip: 503, dialStatus: 'CHANUNAVAIL' },
  'information-discarded': { q850: 43, text: 'Access information discarded', sip: 480, dialStatus: 'CHANUNAVAIL' },
  'channel-unavailable': { q850: 44, text: 'Requested channel not available', sip: 503, dialStatus: 'CHANUNAVAIL' },
  'call-pre-empted': { q850: 45, text: 'Pre-empted', sip: 503, dialStatus: 'CHANUNAVAIL' },
  'facility-not-subscribed': { q850: 50, text: 'No authority found', sip: 403, dialStatus: 'CHANUNAVAIL' },
  'outgoing-barred': { q850: 52, text: 'Outgoing calls barred', sip: 403, dialStatus: 'CHANUNAVAIL' },
  'incoming-barred': { q850: 54, text: 'Incoming calls barred', sip: 403, dialStatus: 'CHANUNAVAIL' },
  'bearer-not-authorized': { q850: 57, text: 'Bearer capability not authorized', sip: 403, dialStatus: 'CHANUNAVAIL' },
  'bearer-unavailable': { q850: 58, text: 'Bearer capability not available', sip: 488, dialStatus: 'CHANUNAVAIL' },
  'service-unavailable': { q850: 63, text: 'Service not available', sip: 503, dialStatus: 'CHANUNAVAIL' },
  'bearer-not-implemented': {
    q850: 65,
    text: 'Bearer capability not implemented',
    sip: 488,
    dialStatus: 'CHANUNAVAIL',
  },
  'channel-not-implemented': { q850: 66, text: 'Channel type not implemented', sip: 500, dialStatus: 'CHANUNAVAIL' },
  'facility-not-implemented': { q850: 69, text: 'Facility not implemented', sip: 501, dialStatus: 'CHANUNAVAIL' },
  'not-implemented': { q850: 79, text: 'Service not implemented', sip: 501, dialStatus: 'CHANUNAVAIL' },
  'invalid-call-reference': { q850: 81, text: 'Invalid call reference', sip: 500, dialStatus: 'CHANUNAVAIL' },
  'incompatible-destination': { q850: 88, text: 'Incompatible destination', sip: 503, dialStatus: 'CHANUNAVAIL' },
  'invalid-message': { q850: 95, text: 'Invalid message', sip: 500, dialStatus: 'CHANUNAVAIL' },
  'element-missing': { q850: 96, text: 'Mandatory information element missing', sip: 500, dialStatus: 'CHANUNAVAIL' },
  'message-unknown': { q850: 97, text: 'Message type unknown', sip: 500, dialStatus: 'CHANUNAVAIL' },
  'wrong-message': { q850: 98, text: 'Message not compatible with call state', sip: 500, dialStatus: 'CHANUNAVAIL' },
  'element-unknown': { q850: 99, text: 'Information element unknown', sip: 500, dialStatus: 'CHANUNAVAIL' },
  'invalid-element': { q850: 100, text: 'Invalid information element contents', sip: 500, dialStatus: 'CHANUNAVAIL' },
  'wrong-call-state': { q850: 101, text: 'Message in the wrong call state', sip: 500, dialStatus: 'CHANUNAVAIL' },
  'timer-expired': { q850: 102, text: 'Recovery on timer expiry', sip: 504, dialStatus: 'CHANUNAVAIL' },
  'element-length': {
    q850: 103,
    text: 'Mandatory information element of wrong length',
    sip: 500,
    dialStatus: 'CHANUNAVAIL',
  },
  'protocol-error': { q850: 111, text: 'Protocol error', sip: 500, dialStatus: 'CHANUNAVAIL' },
  interworking: { q850: 127, text: 'Interworking, unspecified', sip: 500, dialStatus: 'CHANUNAVAIL' },
} as const satisfies Record<string, CauseRow>;

const BY_Q850 = new Map<number, Cause>();
const BY_SIP = new Map<number, Cause>();
for (const [cause, row] of Object.entries(TABLE) as [Cause, CauseRow][]) {
  BY_Q850.set(row.q850, cause);
  if (!BY_SIP.has(row.sip)) BY_SIP.set(row.sip, cause);
}
// As Asterisk has it, where RFC 3398 says 18 and 41: its admins know 480 as NOANSWER and 503 as CONGESTION.
BY_SIP.set(480, 'no-answer').set(503, 'no-circuit').set(502, 'destination-out-of-order');
BY_SIP.set(403, 'call-rejected').set(410, 'number-changed');
BY_SIP.set(400, 'temporary-failure').set(481, 'temporary-failure').set(500, 'temporary-failure');
BY_SIP.set(401, 'call-rejected').set(402, 'call-rejected').set(407, 'call-rejected');
BY_SIP.set(406, 'not-implemented').set(415, 'not-implemented').set(501, 'not-implemented');
BY_SIP.set(482, 'exchange-routing-error');
for (const status of [413, 414, 416, 420, 421, 423]) BY_SIP.set(status, 'interworking');
BY_SIP.set(405, 'service-unavailable').set(485, 'unallocated-number');
BY_SIP.set(600, 'user-busy').set(604, 'unallocated-number');

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
