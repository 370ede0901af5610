import { fromHex, utf8Encode } from '../../../src/base/bytes.ts';
import type { Frame, FullFrame } from '../../../src/iax2/frame.ts';
import { encodeInformationElements, type InformationElements } from '../../../src/iax2/information-element.ts';
import {
  CONTROL_SUBCLASS,
  type ControlSubclassName,
  FRAME_TYPE,
  type FrameTypeName,
  IAX_SUBCLASS,
  type IaxSubclassName,
} from '../../../src/iax2/subclass.ts';

/**
 * Frames and their bytes. Most belong to one call between client call 2 and server call 5000, in order, which can be
 * replayed; the secret is `s3cret`, the challenge `184298573`. The bytes were made outside this project and read by
 * tshark 4.0.17 without an expert error, but for the trunk frame without timestamps, which that version cannot read.
 */
export interface FrameVector {
  readonly name: string;
  readonly hex: string;
  readonly frame: Frame;
  /** Of an IAX frame, what its body means. */
  readonly elements?: InformationElements;
}

const SILENCE = new Uint8Array(160).fill(0xff);
const SILENCE_HEX = 'ff'.repeat(160);
const NOTHING = new Uint8Array(0);
const EVENING = { year: 2026, month: 11, day: 22, hour: 18, minute: 30, second: 44 };

const NEW_ELEMENTS: InformationElements = {
  version: 2,
  calledNumber: '100',
  codecPreferences: 'D',
  callingNumber: '201',
  callingPresentation: 0,
  callingTypeOfNumber: 0,
  callingTransitNetwork: 0,
  callingName: 'Branch',
  language: 'en',
  calledContext: 'from-branch',
  username: 'branch1',
  format: 4n,
  format2: 4n,
  capability: 4n,
  capability2: 4n,
  dateTime: EVENING,
};

type Header = Partial<FullFrame> & Pick<FullFrame, 'sourceCall'>;
type Meaning = Pick<FrameVector, 'frame' | 'elements'>;

function bytes(text: string): Uint8Array {
  return utf8Encode(text);
}

function full(type: FrameTypeName, subclass: number, header: Header, body: Uint8Array = NOTHING): Meaning {
  const rest = { destinationCall: 0, retransmission: false, timestamp: 0, oseqno: 0, iseqno: 0, marker: false };
  return { frame: { type: 'full', ...rest, ...header, frameType: FRAME_TYPE[type], subclass, body } };
}

function iax(subclass: IaxSubclassName, header: Header, elements: InformationElements = {}): Meaning {
  return { ...full('IAX', IAX_SUBCLASS[subclass], header, encodeInformationElements(elements)), elements };
}

function control(subclass: ControlSubclassName, header: Header): Meaning {
  return full('CONTROL', CONTROL_SUBCLASS[subclass], header);
}

export const FRAME_VECTORS: readonly FrameVector[] = [
  {
    name: 'NEW asking for a call token',
    hex: '8002000000000003000006010b02000201033130302d014402033230312601002701002802000004064272616e63680a02656e050b66726f6d2d6272616e636806076272616e636831090400000004380900000000000000000408040000000437090000000000000000041f04357693d63600',
    ...iax(
      'NEW',
      { sourceCall: 2, timestamp: 3 },
      {
        ...NEW_ELEMENTS,
        callToken: NOTHING,
      },
    ),
  },
  {
    name: 'CALLTOKEN from the stateless call 1',
    hex: '8001000200000003000106283633313739353238353830303f66363862653437633632323233396664303863313933636431636331363332396333613835323761',
    ...iax(
      'CALLTOKEN',
      { sourceCall: 1, destinationCall: 2, timestamp: 3, iseqno: 1 },
      { callToken: bytes('1795285800?f68be47c622239fd08c193cd1cc16329c3a8527a') },
    ),
  },
  {
    name: 'NEW with the call token, its numbers begun anew',
    hex: '8002000000000014000006010b02000201033130302d014402033230312601002701002802000004064272616e63680a02656e050b66726f6d2d6272616e636806076272616e636831090400000004380900000000000000000408040000000437090000000000000000041f04357693d63633313739353238353830303f66363862653437633632323233396664303863313933636431636331363332396333613835323761',
    ...iax(
      'NEW',
      { sourceCall: 2, timestamp: 20 },
      {
        ...NEW_ELEMENTS,
        callToken: bytes('1795285800?f68be47c622239fd08c193cd1cc16329c3a8527a'),
      },
    ),
  },
  {
    name: 'AUTHREQ',
    hex: '938800020000000a000106080e0200020f0931383432393835373306076272616e636831',
    ...iax(
      'AUTHREQ',
      { sourceCall: 5000, destinationCall: 2, timestamp: 10, iseqno: 1 },
      { authMethods: 2, challenge: bytes('184298573'), username: 'branch1' },
    ),
  },
  {
    name: 'AUTHREP',
    hex: '800213880000002b0101060910206638613164313363363637656635393532303736666539303062366561393762',
    ...iax(
      'AUTHREP',
      { sourceCall: 2, destinationCall: 5000, timestamp: 43, oseqno: 1, iseqno: 1 },
      { md5Result: 'f8a1d13c667ef5952076fe900b6ea97b' },
    ),
  },
  {
    name: 'ACCEPT',
    hex: '938800020000001e010206070904000000043809000000000000000004',
    ...iax(
      'ACCEPT',
      { sourceCall: 5000, destinationCall: 2, timestamp: 30, oseqno: 1, iseqno: 2 },
      { format: 4n, format2: 4n },
    ),
  },
  {
    name: 'ACK, which echoes the timestamp',
    hex: '800213880000001e02020604',
    ...iax('ACK', { sourceCall: 2, destinationCall: 5000, timestamp: 30, oseqno: 2, iseqno: 2 }),
  },
  {
    name: 'RINGING',
    hex: '938800020000002102020403',
    ...control('RINGING', { sourceCall: 5000, destinationCall: 2, timestamp: 33, oseqno: 2, iseqno: 2 }),
  },
  {
    name: 'ACK of RINGING',
    hex: '800213880000002102030604',
    ...iax('ACK', { sourceCall: 2, destinationCall: 5000, timestamp: 33, oseqno: 2, iseqno: 3 }),
  },
  {
    name: 'ANSWER',
    hex: '938800020000040903020404',
    ...control('ANSWER', { sourceCall: 5000, destinationCall: 2, timestamp: 1033, oseqno: 3, iseqno: 2 }),
  },
  {
    name: 'ACK of ANSWER',
    hex: '800213880000040902040604',
    ...iax('ACK', { sourceCall: 2, destinationCall: 5000, timestamp: 1033, oseqno: 2, iseqno: 4 }),
  },
  {
    name: 'full voice frame of µ-law, its format written literally',
    hex: `800213880000042402040204${SILENCE_HEX}`,
    ...full('VOICE', 4, { sourceCall: 2, destinationCall: 5000, timestamp: 1060, oseqno: 2, iseqno: 4 }, SILENCE),
  },
  {
    name: 'ACK of voice',
    hex: '938800020000042404030604',
    ...iax('ACK', { sourceCall: 5000, destinationCall: 2, timestamp: 1060, oseqno: 4, iseqno: 3 }),
  },
  {
    name: 'mini frame',
    hex: `00020438${SILENCE_HEX}`,
    ...{ frame: { type: 'mini', sourceCall: 2, timestamp: 1080, payload: SILENCE } },
  },
  {
    name: 'DTMF_BEGIN',
    hex: '800213880000044f03040c35',
    ...full('DTMF_BEGIN', 0x35, { sourceCall: 2, destinationCall: 5000, timestamp: 1103, oseqno: 3, iseqno: 4 }),
  },
  {
    name: 'DTMF, the end of the digit',
    hex: '80021388000004b304040135',
    ...full('DTMF', 0x35, { sourceCall: 2, destinationCall: 5000, timestamp: 1203, oseqno: 4, iseqno: 4 }),
  },
  {
    name: 'PING',
    hex: '938800020000520804050602',
    ...iax('PING', { sourceCall: 5000, destinationCall: 2, timestamp: 21_000, oseqno: 4, iseqno: 5 }),
  },
  {
    name: 'PONG with a report',
    hex: '8002138800005208050506032e04000000032f04010000073004000003e831020028320400000002330400000001',
    ...iax(
      'PONG',
      { sourceCall: 2, destinationCall: 5000, timestamp: 21_000, oseqno: 5, iseqno: 5 },
      {
        rrJitterMs: 3,
        rrLoss: { percent: 1, count: 7 },
        rrPackets: 1000,
        rrDelayMs: 40,
        rrDropped: 2,
        rrOutOfOrder: 1,
      },
    ),
  },
  {
    name: 'LAGRQ',
    hex: '938800020000520b0506060b',
    ...iax('LAGRQ', { sourceCall: 5000, destinationCall: 2, timestamp: 21_003, oseqno: 5, iseqno: 6 }),
  },
  {
    name: 'LAGRP',
    hex: '800213880000520b0606060c',
    ...iax('LAGRP', { sourceCall: 2, destinationCall: 5000, timestamp: 21_003, oseqno: 6, iseqno: 6 }),
  },
  {
    name: 'VNAK',
    hex: '800213880000521c06060612',
    ...iax('VNAK', { sourceCall: 2, destinationCall: 5000, timestamp: 21_020, oseqno: 6, iseqno: 6 }),
  },
  {
    name: 'HANGUP',
    hex: '800213880000753307060605160f4e6f726d616c20636c656172696e672a0110',
    ...iax(
      'HANGUP',
      { sourceCall: 2, destinationCall: 5000, timestamp: 30_003, oseqno: 7, iseqno: 6 },
      { cause: 'Normal clearing', causeCode: 16 },
    ),
  },
  {
    name: 'ACK of HANGUP',
    hex: '938800020000753306080604',
    ...iax('ACK', { sourceCall: 5000, destinationCall: 2, timestamp: 30_003, oseqno: 6, iseqno: 8 }),
  },
  { name: 'INVAL', hex: '93880002000000000000060a', ...iax('INVAL', { sourceCall: 5000, destinationCall: 2 }) },
  {
    name: 'REGREQ',
    hex: '80030000000000030000060d06076272616e6368311302003c3600',
    ...iax('REGREQ', { sourceCall: 3, timestamp: 3 }, { username: 'branch1', refreshS: 60, callToken: NOTHING }),
  },
  {
    name: 'REGACK',
    hex: '97700003000000190102060f06076272616e6368311f04357693d61302003c1210020011d9c000020a000000000000000018020102',
    ...iax(
      'REGACK',
      { sourceCall: 6000, destinationCall: 3, timestamp: 25, oseqno: 1, iseqno: 2 },
      {
        username: 'branch1',
        dateTime: EVENING,
        refreshS: 60,
        apparentAddress: { ip: '192.0.2.10', port: 4569 },
        messageCount: 258,
      },
    ),
  },
  {
    name: 'POKE',
    hex: '80040000000000030000061e3600',
    ...iax('POKE', { sourceCall: 4, timestamp: 3 }, { callToken: NOTHING }),
  },
  {
    name: 'PONG to a POKE, from the stateless call 1',
    hex: '800100040000000300010603',
    ...iax('PONG', { sourceCall: 1, destinationCall: 4, timestamp: 3, iseqno: 1 }),
  },
  {
    name: 'UNSUPPORT of MWI',
    hex: '938800020000002803030621170120',
    ...iax(
      'UNSUPPORT',
      { sourceCall: 5000, destinationCall: 2, timestamp: 40, oseqno: 3, iseqno: 3 },
      { iaxUnknown: 32 },
    ),
  },
  {
    name: 'trunk frame without timestamps',
    hex: '00000100000000140002000401020304000900020506',
    ...{
      frame: {
        type: 'meta-trunk',
        timestamp: 20,
        withTimestamps: false,
        entries: [
          { sourceCall: 2, timestamp: undefined, payload: Uint8Array.of(1, 2, 3, 4) },
          { sourceCall: 9, timestamp: undefined, payload: Uint8Array.of(5, 6) },
        ],
      },
    },
  },
  {
    name: 'trunk frame with timestamps',
    hex: '000001010000001400040002043801020304',
    ...{
      frame: {
        type: 'meta-trunk',
        timestamp: 20,
        withTimestamps: true,
        entries: [{ sourceCall: 2, timestamp: 1080, payload: Uint8Array.of(1, 2, 3, 4) }],
      },
    },
  },
  {
    name: 'full voice frame of G.729, its format written as a logarithm',
    hex: '80021388000007d0090902880000000000000000000000000000000000000000',
    ...full(
      'VOICE',
      256,
      { sourceCall: 2, destinationCall: 5000, timestamp: 2000, oseqno: 9, iseqno: 9 },
      new Uint8Array(20),
    ),
  },
];

/** Raw MD5 of challenge and secret: the key of the two encrypted vectors. The padding bytes before them were 00…1f. */
export const CIPHER_KEY = fromHex('f8a1d13c667ef5952076fe900b6ea97b')!;

/** Encrypted frames, byte for byte as Asterisk's own functions make them, and the vectors above that they hide. */
export const CIPHER_VECTORS: readonly { readonly plain: string; readonly hex: string }[] = [
  {
    plain: 'AUTHREP',
    hex: '80021388a6acf78c57726d026ee511ad33915c2fa412bf3932ad6f6d086675c96109ddb368a2bee5aa364363eec67053411b982f5a585b0d12666c1dd2b5625d32e55bae',
  },
  {
    plain: 'mini frame',
    hex: '0002c3aa1fbe9f63014946c2f8f8710c865fef4b4bae4d4a970a69a8d279ce23ef1a42bf407a5a5e24c4a8a73fa3fac4d054c4da3dfc761ac5a7119d69c8e7ac3170e0694de9b7acd3831e8a2aa2bbbbc528984f46e8015e47a316d9bb344a965fa201b327d651414300cb249e9c2f22e68122b26b7eee53ef2283b270f1737574a0fa73ce866fa7c518649b1085801b64efdd65db7324982698b67ef20002ef3cfe1b79c9e40a4b6fd79f41e0de9988e847a5bf39cdc0f4fd60c8febf536a220e37',
  },
];

/** Bytes that are no frame, and why. */
export const MALFORMED_VECTORS: readonly { readonly name: string; readonly hex: string; readonly reason: string }[] = [
  { name: 'nothing', hex: '', reason: 'too-short' },
  { name: 'three bytes', hex: '800200', reason: 'too-short' },
  { name: 'a full frame of eleven bytes', hex: '8002138800000424020402', reason: 'full-frame-too-short' },
  { name: 'a video mini frame of five bytes', hex: '0000800204', reason: 'meta-frame-too-short' },
  { name: 'a trunk frame of seven bytes', hex: '00000100000000', reason: 'meta-frame-too-short' },
  { name: 'meta command 0', hex: '0000000000000014', reason: 'unknown-meta-command' },
  { name: 'meta command 2', hex: '0000020000000014', reason: 'unknown-meta-command' },
  { name: 'a trunk entry one byte longer than the frame', hex: '0000010000000014000200020a', reason: 'trunk-overrun' },
  { name: 'half the header of a trunk entry', hex: '00000100000000140002', reason: 'trunk-overrun' },
  { name: 'a timestamped trunk entry without its timestamp', hex: '000001010000001400000002', reason: 'trunk-overrun' },
];
