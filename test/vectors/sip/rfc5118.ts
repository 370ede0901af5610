import { utf8Encode } from '../../../src/base/bytes.ts';

/** The messages of RFC 5118 under the RFC's names: SIP between hosts with IPv6 addresses. */
export interface Ipv6Message {
  readonly name: string;
  /** Of RFC 5118. */
  readonly section: string;
  readonly bytes: Uint8Array;
  readonly isValid: boolean;
}

interface Parts {
  readonly start: string;
  readonly via?: string;
  readonly to?: string;
  readonly contact?: string;
  readonly sdp?: readonly string[];
}

function message({ start, via, to = 'sip:user@example.com', contact, sdp = [] }: Parts): Uint8Array {
  const [method] = start.split(' ');
  const body = sdp.map((line) => `${line}\r\n`).join('');
  const lines = [
    start,
    `To: ${to}`,
    'From: sip:user@example.com;tag=81x2',
    via ?? 'Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111',
    'Call-ID: SSG9559905523997077@hlau_4100',
    'Max-Forwards: 70',
    `Contact: ${contact ?? '"Caller" <sip:caller@[2001:db8::1]>'}`,
    `CSeq: 98176 ${method}`,
    ...(sdp.length > 0 ? ['Content-Type: application/sdp'] : []),
    `Content-Length: ${body.length}`,
  ];
  return utf8Encode(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

const SESSION = ['v=0', 'o=assistant 971731711378798081 0 IN IP6 2001:db8::20', 's=Live video feed for our meeting'];
const VIDEO = 'a=rtpmap:107 H263-1998/90000';

export const IPV6_MESSAGES: readonly Ipv6Message[] = [
  {
    name: 'ipv6-good',
    section: '4.1',
    isValid: true,
    bytes: message({ start: 'REGISTER sip:[2001:db8::10] SIP/2.0' }),
  },
  {
    name: 'ipv6-bad',
    section: '4.2',
    isValid: false,
    bytes: message({ start: 'REGISTER sip:2001:db8::10 SIP/2.0' }),
  },
  {
    name: 'port-ambiguous',
    section: '4.3',
    isValid: true,
    bytes: message({ start: 'REGISTER sip:[2001:db8::10:5070] SIP/2.0' }),
  },
  {
    name: 'port-unambiguous',
    section: '4.4',
    isValid: true,
    bytes: message({ start: 'REGISTER sip:[2001:db8::10]:5070 SIP/2.0' }),
  },
  {
    name: 'via-received-param-with-delim',
    section: '4.5',
    isValid: true,
    bytes: message({
      start: 'BYE sip:[2001:db8::10] SIP/2.0',
      to: 'sip:user@example.com;tag=bd76ya',
      via: 'Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111',
    }),
  },
  {
    name: 'via-received-param-no-delim',
    section: '4.5',
    isValid: true,
    bytes: message({
      start: 'OPTIONS sip:[2001:db8::10] SIP/2.0',
      via: 'Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3',
    }),
  },
  {
    name: 'ipv6-in-sdp',
    section: '4.6',
    isValid: true,
    bytes: message({
      start: 'INVITE sip:user@[2001:db8::10] SIP/2.0',
      to: 'sip:user@[2001:db8::10]',
      sdp: [...SESSION, 'c=IN IP6 2001:db8::20', 't=0 0', 'm=audio 6000 RTP/AVP 2', 'm=video 6024 RTP/AVP 107', VIDEO],
    }),
  },
  {
    name: 'mult-ip-in-header',
    section: '4.7',
    isValid: true,
    bytes: message({
      start: 'BYE sip:user@host.example.net SIP/2.0',
      to: 'sip:user@example.net;tag=9817--94',
      via: [
        'Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111',
        'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144',
        'Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200',
      ].join('\r\n'),
    }),
  },
  {
    name: 'mult-ip-in-sdp',
    section: '4.8',
    isValid: true,
    bytes: message({
      start: 'INVITE sip:user@[2001:db8::10] SIP/2.0',
      to: 'sip:user@[2001:db8::10]',
      sdp: [
        ...SESSION,
        't=0 0',
        'm=audio 22334 RTP/AVP 0',
        'c=IN IP4 192.0.2.1',
        'm=video 6024 RTP/AVP 107',
        'c=IN IP6 2001:db8::1',
        VIDEO,
      ],
    }),
  },
  {
    name: 'ipv4-mapped-ipv6',
    section: '4.9',
    isValid: true,
    bytes: message({
      start: 'INVITE sip:user@example.com SIP/2.0',
      via: [
        'Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19',
        'Via: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111',
      ].join('\r\n'),
      contact: '"T. desk phone" <sip:ted@[::ffff:192.0.2.2]>',
      sdp: [...SESSION, 'c=IN IP6 ::ffff:192.0.2.2', 't=0 0', 'm=audio 6000 RTP/AVP 2'],
    }),
  },
  {
    name: 'ipv6-bug-abnf-3-colons',
    section: '4.10',
    isValid: false,
    bytes: message({ start: 'OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0' }),
  },
  {
    name: 'ipv6-correct-abnf-2-colons',
    section: '4.10',
    isValid: true,
    bytes: message({
      start: 'OPTIONS sip:user@[2001:db8::192.0.2.1] SIP/2.0',
      to: 'sip:user@[2001:db8::192.0.2.1]',
    }),
  },
];
