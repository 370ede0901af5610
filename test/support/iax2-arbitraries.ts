import fc from 'fast-check';
import type { Frame, FullFrame, MiniFrame, VideoMiniFrame } from '../../src/iax2/frame.ts';
import { encodeInformationElements, type InformationElements } from '../../src/iax2/information-element.ts';
import type { MetaTrunkFrame } from '../../src/iax2/meta-trunk.ts';
import { FRAME_TYPE, HTML_SUBCLASS, IAX_SUBCLASS } from '../../src/iax2/subclass.ts';

/** Valid frames and elements of every kind, for properties, fuzzing and the corpus that tshark reads. */

const uint8 = fc.nat(0xff);
const uint16 = fc.nat(0xffff);
const uint32 = fc.nat(0xffff_ffff);
const call = fc.integer({ min: 1, max: 0x7fff });
const payload = fc.uint8Array({ maxLength: 200 });
const blob = fc.uint8Array({ minLength: 1, maxLength: 40 });
/** What people and machines write in numbers, names and contexts. */
export const word = fc.string({
  unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_.*#+ éß漢😀'),
  maxLength: 20,
});
const format = fc.nat(34).map((bit) => 2 ** bit);
const mask32 = uint32.map(BigInt);
const mask64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

const dateTime = fc.record({
  year: fc.integer({ min: 2000, max: 2127 }),
  month: fc.integer({ min: 1, max: 12 }),
  day: fc.integer({ min: 1, max: 28 }),
  hour: fc.nat(23),
  minute: fc.nat(59),
  second: fc.nat(29).map((half) => 2 * half),
});

const ipv4 = fc.tuple(uint8, uint8, uint8, uint8).map((bytes) => bytes.join('.'));
const address = fc.record({ ip: fc.oneof(ipv4, fc.constantFrom('2001:db8::1', 'fe80::1:2:3')), port: uint16 });

const elementArbitraries: ElementArbitraries = {
  version: fc.constant(2),
  authMethods: fc.nat(7),
  challenge: blob,
  calledNumber: word,
  dialplanStatus: uint16,
  autoAnswer: fc.constant(true),
  codecPreferences: fc.string({ unit: fc.constantFrom(...'BCDEFGHIJKLMNO'), maxLength: 12 }),
  callingNumber: word,
  callingPresentation: uint8,
  callingTypeOfNumber: uint8,
  callingTransitNetwork: uint16,
  callingAni2: uint32,
  callingName: word,
  callingAni: word,
  language: fc.constantFrom('en', 'fr', 'de_AT'),
  dnid: word,
  rdnis: word,
  calledContext: word,
  username: word,
  encryption: fc.constantFrom(0x0001, 0x8001),
  format: mask32,
  format2: mask64,
  capability: mask32,
  capability2: mask64,
  adsiCpe: uint16,
  samplingRate: fc.nat(0x3f),
  dateTime,
  refreshS: uint16,
  password: word,
  md5Result: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 }),
  rsaResult: fc.base64String({ minLength: 172, maxLength: 172 }),
  apparentAddress: address,
  callNumber: uint16,
  transferId: uint32,
  messageCount: uint16,
  cause: word,
  causeCode: uint8,
  iaxUnknown: uint8,
  musicOnHold: word,
  rrJitterMs: uint32,
  rrLoss: fc.record({ percent: fc.nat(100), count: fc.nat(0xff_ffff) }),
  rrPackets: uint32,
  rrDelayMs: uint16,
  rrDropped: uint32,
  rrOutOfOrder: uint32,
  encryptionKey: blob,
  provisioning: blob,
  aesProvisioning: blob,
  deviceType: word,
  serviceIdentifier: word,
  firmwareVersion: uint16,
  firmwareBlock: uint32,
  firmwareBlockData: blob,
  provisioningVersion: uint32,
  ospToken: fc.uint8Array({ minLength: 1, maxLength: 4 * 254 }),
  variables: fc
    .array(fc.tuple(fc.stringMatching(/^[A-Za-z_]{1,12}$/), fc.string({ unit: 'grapheme', maxLength: 400 })), {
      minLength: 1,
      maxLength: 3,
    })
    .map((pairs) => new Map(pairs)),
  unknown: fc.array(fc.record({ id: fc.integer({ min: 0x3a, max: 0xff }), data: blob }), {
    minLength: 1,
    maxLength: 3,
  }),
  callToken: fc.uint8Array({ maxLength: 60 }),
};

type ElementArbitraries = { readonly [Key in keyof InformationElements]-?: fc.Arbitrary<InformationElements[Key]> };

/** Any elements at all, up to 12 at a time; some of them by other arbitraries, or not if `undefined`. */
export function informationElements(
  instead: { readonly [Key in keyof ElementArbitraries]?: ElementArbitraries[Key] | undefined } = {},
): fc.Arbitrary<InformationElements> {
  const all: Readonly<Record<string, fc.Arbitrary<unknown> | undefined>> = { ...elementArbitraries, ...instead };
  const keys = Object.keys(all).filter((key) => all[key] !== undefined);
  return fc
    .subarray(keys, { maxLength: 12 })
    .chain((some) => fc.record(Object.fromEntries(some.map((key) => [key, all[key]!]))))
    .map((elements): InformationElements => elements);
}

/** Digits, controls and the rest of what a full frame can be about; a body that suits it. */
export function fullFrameAbout(
  controls: fc.Arbitrary<number>,
  elements: fc.Arbitrary<InformationElements>,
): fc.Arbitrary<Pick<FullFrame, 'frameType' | 'subclass' | 'marker' | 'body'>> {
  const about = (
    frameType: number,
    subclass: fc.Arbitrary<number>,
    body: fc.Arbitrary<Uint8Array>,
    marker: fc.Arbitrary<boolean> = fc.constant(false),
  ) => fc.record({ frameType: fc.constant(frameType), subclass, body, marker });
  const digit = fc.constantFrom(...'0123456789ABCD*#').map((symbol) => symbol.charCodeAt(0));
  const nothing = fc.constant(new Uint8Array(0));
  return fc.oneof(
    {
      weight: 8,
      arbitrary: about(
        FRAME_TYPE.IAX,
        fc.constantFrom(...Object.values(IAX_SUBCLASS)),
        elements.map((ies) => encodeInformationElements(ies)),
      ),
    },
    { weight: 2, arbitrary: about(FRAME_TYPE.CONTROL, controls, nothing) },
    { weight: 2, arbitrary: about(FRAME_TYPE.VOICE, format, payload) },
    about(
      FRAME_TYPE.VIDEO,
      fc.integer({ min: 18, max: 23 }).map((bit) => 2 ** bit),
      payload,
      fc.boolean(),
    ),
    about(FRAME_TYPE.DTMF, digit, nothing),
    about(FRAME_TYPE.DTMF_BEGIN, digit, nothing),
    about(FRAME_TYPE.TEXT, fc.constant(0), payload),
    about(FRAME_TYPE.HTML, fc.constantFrom(...Object.values(HTML_SUBCLASS)), payload),
    about(FRAME_TYPE.CNG, fc.nat(127), nothing),
    about(FRAME_TYPE.NULL, fc.constant(0), nothing),
    about(FRAME_TYPE.IMAGE, fc.constantFrom(2 ** 16, 2 ** 17), payload),
  );
}

export function fullFrames(
  about: fc.Arbitrary<Pick<FullFrame, 'frameType' | 'subclass' | 'marker' | 'body'>>,
): fc.Arbitrary<FullFrame> {
  const header = fc.record({
    type: fc.constant('full' as const),
    sourceCall: call,
    destinationCall: fc.nat(0x7fff),
    retransmission: fc.boolean(),
    timestamp: uint32,
    oseqno: uint8,
    iseqno: uint8,
  });
  return fc.tuple(header, about).map(([fields, rest]) => ({ ...fields, ...rest }));
}

export const anyControl = fc.integer({ min: -1, max: 40 });

export const miniFrame: fc.Arbitrary<MiniFrame> = fc.record({
  type: fc.constant('mini' as const),
  sourceCall: call,
  timestamp: uint16,
  payload,
});

export const videoMiniFrame: fc.Arbitrary<VideoMiniFrame> = fc.record({
  type: fc.constant('video-mini' as const),
  sourceCall: call,
  timestamp: fc.nat(0x7fff),
  marker: fc.boolean(),
  payload,
});

export function trunkFrame(withTimestamps: boolean): fc.Arbitrary<MetaTrunkFrame> {
  return fc.record({
    type: fc.constant('meta-trunk' as const),
    timestamp: uint32,
    withTimestamps: fc.constant(withTimestamps),
    entries: fc.array(
      fc.record({ sourceCall: call, timestamp: withTimestamps ? uint16 : fc.constant(undefined), payload }),
      { maxLength: 8 },
    ),
  });
}

export const anyFrame: fc.Arbitrary<Frame> = fc.oneof(
  fullFrames(fullFrameAbout(anyControl, informationElements())),
  miniFrame,
  videoMiniFrame,
  trunkFrame(true),
  trunkFrame(false),
);
