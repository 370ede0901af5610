/** The sections of RFC 5456 that ask something of an implementation, in words of ours, and where we do otherwise. */
export interface Clause {
  readonly section: string;
  readonly what: string;
  /** Deliberately otherwise than the text: how, and why. */
  readonly differs?: string;
  /** Not done: why not, and what happens instead. */
  readonly absent?: string;
}

type Row = readonly [section: string, what: string, deviation?: Pick<Clause, 'differs' | 'absent'> | undefined];

const differs = (text: string) => ({ differs: text });
const absent = (text: string) => ({ absent: text });

const ROWS: readonly Row[] = [
  ['5.2', 'Comparison of iax: URIs', absent('none is read or written: dial strings are those of Asterisk')],
  ['6', 'Reliable messages are full frames; mini and meta frames carry no information elements'],
  ['6.1.1', 'Registration in general: MD5 or RSA, apparent address, refresh, each side by itself'],
  ['6.1.2', 'REGREQ: asks to be registered, with the proof once challenged'],
  ['6.1.3', 'REGAUTH: challenges; answered by the request again with one of the proofs asked for'],
  ['6.1.4', 'REGACK: apparent address, refresh time (60 s where it says none), acknowledged'],
  ['6.1.5', 'REGREJ: with its cause, acknowledged, and the end of the attempt'],
  ['6.1.6', 'REGREL: takes a registration back'],
  ['6.2.1', 'A call in general: linked by ACCEPT, then its signalling and media'],
  [
    '6.2.2',
    'NEW: VERSION first, sequence numbers 0, answered by ACCEPT, AUTHREQ, REJECT or HANGUP',
    differs(
      'the first NEW gets a call token and is sent again with it (CALLTOKEN, after the RFC): without one anybody could make us keep state in the name of another address',
    ),
  ],
  ['6.2.3', 'ACCEPT: names one format of those offered; a second one is ignored'],
  ['6.2.4', 'REJECT: acknowledged, and the end of the call'],
  [
    '6.2.5',
    'HANGUP: acknowledged at once; what comes after it is answered with INVAL',
    differs(
      'a HANGUP that is sent again because its ACK was lost is acknowledged again: INVAL would be taken for a fault',
    ),
  ],
  ['6.2.6', 'AUTHREP: proves identity by one of the methods asked for'],
  ['6.2.7', 'AUTHREQ: challenges a NEW; answered by AUTHREP or HANGUP'],
  ['6.3.1', 'Control frames: only after ACCEPT; what is not understood does no harm'],
  ['6.3.2', 'PROCEEDING'],
  ['6.3.3', 'RINGING: passed on to the caller'],
  ['6.3.4', 'ANSWER: opens the channel'],
  ['6.4.1', 'FLASH'],
  ['6.4.2', 'HOLD, with the class of its music'],
  ['6.4.3', 'UNHOLD'],
  ['6.4.4', 'QUELCH: stops our voice'],
  ['6.4.5', 'UNQUELCH'],
  [
    '6.4.6',
    'TRANSFER: takes the call to another number',
    differs(
      'the party goes on in our dialplan only where the sender could call itself, else the call stays as it is; the calling side may ask for it, too',
    ),
  ],
  ['6.5', 'Call path optimization: two calls that stand are given to their far ends, or all stays as it is'],
  [
    '6.5.1',
    'TXREQ: asks for the call to be taken to another address',
    differs(
      'sent and taken only where the configuration names the addresses, else refused: whoever can send it could have a call’s voice sent to anybody',
    ),
  ],
  ['6.5.2', 'TXCNT: tries the new path'],
  ['6.5.3', 'TXACC: the new path is there'],
  ['6.5.4', 'TXREADY: both know it; carries the transfer’s id, and our call number as Asterisk’s does'],
  ['6.5.5', 'TXREL: the one in the middle is let go'],
  [
    '6.5.6',
    'TXMEDIA: only the voice takes the new path',
    differs('has the number 38, which the RFC forgot to give and Asterisk uses'),
  ],
  ['6.5.7', 'TXREJ: all stays as it is'],
  ['6.6', 'A call whose far end does not acknowledge ends without another word to it'],
  ['6.7.1', 'POKE: answered by PONG, without a call'],
  ['6.7.2', 'PING: answered by PONG, every 20 s', differs('every 21 s, as Asterisk')],
  ['6.7.3', 'PONG: acknowledged; carries the quality received and the timestamp of the question'],
  ['6.7.4', 'LAGRQ: measures the delay'],
  [
    '6.7.5',
    'LAGRP: brings the timestamp back',
    differs('does not wait in a jitter buffer: Asterisk’s does not, either, and the figure is of the network'),
  ],
  ['6.8', 'Digit dialling: both sides of it'],
  ['6.8.1', 'DPREQ: asks what a number is'],
  [
    '6.8.2',
    'DPREP: says it, and for how long (10 min where it says none)',
    differs('REFRESH is in seconds, as Asterisk sends and reads it; the RFC has minutes'),
  ],
  ['6.8.3', 'DIAL: makes a call of the lookup'],
  [
    '6.9.1',
    'ACK: where nothing else answers; echoes the timestamp, counts for nothing',
    differs('its OSeqno is what the far end expects next, as Asterisk sends and wants it'),
  ],
  [
    '6.9.2',
    'INVAL: for a call that is not there; received, it ends the call',
    differs('no more often than 2,000 times a second in all: a flood would be answered with a flood'),
  ],
  [
    '6.9.3',
    'VNAK: asks for what is missing; all from there on is sent again',
    differs('frames that overtook others are kept for their turn, 32 of them, instead of being thrown away'),
  ],
  ['6.9.4', 'MWI: messages wait', absent('answered with UNSUPPORT: nobody sends it; the count is in REGACK')],
  ['6.9.5', 'UNSUPPORT: names the subclass that is not known'],
  ['6.10', 'Media: mini frames, full ones at each crossing of the timestamp and acknowledged; passed on'],
  [
    '6.10.1',
    'DTMF',
    differs('digits have a begin (frame type 12, Asterisk’s) and so a length; without one they are pressed at once'),
  ],
  ['6.10.2', 'Voice'],
  ['6.10.3', 'Video'],
  ['6.10.4', 'Text'],
  ['6.10.5', 'Image: carried to another IAX2 peer'],
  ['6.10.6', 'HTML: carried to another IAX2 peer; where there is none the sender hears that it is not supported'],
  [
    '6.10.7',
    'Comfort noise',
    differs('carried to another IAX2 peer; on a line our own playout fills every gap, with what it has heard there'),
  ],
  ['7', 'Reliable frames: counted from 0, acknowledged up to a number, sent again, given up after the fourth time'],
  ['7.1', 'Trunking: voice of many calls in one datagram'],
  [
    '7.2.1',
    'Retransmission: first after twice the round trip, then longer, 10 s at most',
    differs(
      'ten times as long each time and four transmissions in all, as Asterisk: the RFC’s “exponentially” has no base',
    ),
  ],
  ['7.2.2', 'Registrations are renewed in time, at moments of chance'],
  ['7.3', 'NAT: answers go to where the question came from'],
  [
    '7.4',
    'Encryption: AES-128 from AUTHREP on, key of challenge and secret',
    differs('keys are changed every few minutes by RTKEY, as Asterisk does'),
  ],
  ['8.1', 'The kind of a frame shows in its first bits'],
  [
    '8.1.1',
    'Full frames: 12 bytes, subclass as number or power of two, R on a retransmission',
    differs('µ-law and other formats below 128 are sent as numbers, as Asterisk does; both forms are read'),
  ],
  [
    '8.1.2',
    'Mini frames: 4 bytes; a full frame at each crossing of the timestamp',
    differs(
      'the frame that crosses goes as a mini in time, the next one is full: Asterisk sends none at all, so receivers unwrap by themselves',
    ),
  ],
  ['8.1.3.1', 'Meta video frames'],
  ['8.1.3.2', 'Meta trunk frames, with and without timestamps'],
  ['8.1.4', 'Encrypted frames: call numbers in clear, 16 to 32 bytes of padding in front'],
  ['8.2', 'Frame types'],
  ['8.2.1', 'DTMF frames: the subclass is the digit'],
  ['8.2.5', 'Null frames: never sent'],
  ['8.2.7', 'Text frames: UTF-8, subclass 0'],
  ['8.3', 'Subclasses of control frames'],
  [
    '8.4',
    'Subclasses of IAX frames',
    differs('after TRANSFER come Asterisk’s own: PROVISION, FWDOWNL, FWDATA, TXMEDIA, RTKEY, CALLTOKEN'),
  ],
  ['8.5', 'Subclasses of HTML frames'],
  [
    '8.6',
    'Information elements: unknown ones are passed over',
    differs(
      'texts are compared byte for byte, without stringprep: nobody does otherwise, and names would match that must not',
    ),
  ],
  ...elements(),
  [
    '8.7',
    'Media formats, a bit each',
    differs(
      'bits 4 and 11 are named as Asterisk names them, the two packings of G.726 the other way round; 64 bits in CAPABILITY2 and FORMAT2',
    ),
  ],
];

function elements(): Row[] {
  const names = `CALLED NUMBER|CALLING NUMBER|CALLING ANI|CALLING NAME|CALLED CONTEXT|USERNAME|CAPABILITY|FORMAT|LANGUAGE|VERSION|ADSICPE|DNID|AUTHMETHODS|CHALLENGE|MD5 RESULT|RSA RESULT|APPARENT ADDR|REFRESH|DPSTATUS|CALLNO|CAUSE|IAX UNKNOWN|MSGCOUNT|AUTOANSWER|MUSICONHOLD|TRANSFERID|RDNIS|DATETIME|CALLINGPRES|CALLINGTON|CALLINGTNS|SAMPLINGRATE|CAUSECODE|ENCRYPTION|CODEC PREFS|RR JITTER|RR LOSS|RR PKTS|RR DELAY|RR DROPPED|RR OOO|OSPTOKEN`;
  const deviations: Readonly<Record<string, Row[2]>> = {
    AUTHMETHODS: differs(
      'plaintext, which the RFC has withdrawn, is there where the configuration names it: some old phones know nothing else',
    ),
    'MD5 RESULT': differs('32 hex digits, which the RFC does not say and everybody does; either case is taken'),
    DATETIME: differs('local time with seconds halved, as every Asterisk sends and reads it; the RFC has UTC'),
    SAMPLINGRATE: differs('a bit for each rate, as Asterisk has it, not Hz'),
    OSPTOKEN: differs('0x35, where Asterisk has it; 0x34 is VARIABLE'),
  };
  return names.split('|').map((name, index) => [`8.6.${index + 1}`, name, deviations[name]]);
}

export const CLAUSES: readonly Clause[] = ROWS.map(([section, what, deviation]) => ({ section, what, ...deviation }));
