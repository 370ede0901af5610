import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex, utf8Decode, utf8Encode } from '../../src/base/bytes.ts';
import { decodeFrame, encodeFrame, type Frame, type FullFrame } from '../../src/iax2/frame.ts';
import {
  decodeInformationElements,
  decodeRawElements,
  encodeInformationElements,
  type InformationElements,
} from '../../src/iax2/information-element.ts';
import { isMalformed } from '../../src/iax2/malformed.ts';
import { FRAME_TYPE } from '../../src/iax2/subclass.ts';
import {
  fullFrameAbout,
  fullFrames,
  informationElements,
  miniFrame,
  trunkFrame,
  videoMiniFrame,
  word,
} from '../support/iax2-arbitraries.ts';
import { encodePcap } from '../support/pcap.ts';
import { describeWithPeers } from '../support/peers.ts';

const FRAMES = 10_000;
const SEED = 4569;
const IAX2_PORT = 4569;
const FIRST_CLIENT_PORT = 10_000;

/** What Wireshark's names of fields have as values; several values of one field in order. */
type Fields = Readonly<Record<string, readonly (string | bigint)[]>>;

/**
 * Frames of all kinds, but for what tshark 4.0 cannot read: CALLINGANI2, IPv6 addresses, control subclasses 9 to 31,
 * trunk frames without timestamps. Text is printable, since tshark shows other bytes in its own way.
 */
const printable = fc
  .string({ unit: fc.constantFrom(...'abcdefXYZ0123456789+/='), minLength: 1, maxLength: 30 })
  .map((text) => utf8Encode(text));
const ipv4 = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((bytes) => bytes.join('.'));
const elements = informationElements({
  callingAni2: undefined,
  apparentAddress: fc.record({ ip: ipv4, port: fc.nat(0xffff) }),
  challenge: printable,
  encryptionKey: printable,
  provisioning: printable,
  aesProvisioning: printable,
  firmwareBlockData: printable,
  callToken: printable,
});
const withText = fullFrameAbout(fc.constantFrom(-1, 1, 2, 3, 4, 5, 6, 7, 8), elements).chain((about) =>
  about.frameType === FRAME_TYPE.TEXT || about.frameType === FRAME_TYPE.HTML
    ? word.map((text) => ({ ...about, body: utf8Encode(text) }))
    : fc.constant(about),
);
const corpus: fc.Arbitrary<Frame> = fc.oneof(
  { weight: 8, arbitrary: fullFrames(withText) },
  miniFrame,
  videoMiniFrame,
  trunkFrame(true),
);

/** Fields that every kind of frame has its own of. */
const FRAME_FIELDS = [
  ...['packet_type', 'src_call', 'dst_call', 'retransmission', 'timestamp', 'oseqno', 'iseqno', 'type'],
  ...['subclass', 'iax.subclass', 'control.subclass', 'voice.codec', 'video.codec', 'video.marker'],
  ...['html.subclass', 'text.subclass', 'video.mini_marker', 'trunk.metacmd', 'trunk.cmddata', 'trunk.ncalls'],
  ...['trunk.call.len', 'trunk.call.scallno', 'trunk.call.ts', 'ie_id', 'length'],
].map((name) => `iax2.${name}`);
const TEXT_FIELDS = ['iax2.dtmf.subclass', 'iax2.text.text', 'iax2.html.url', 'iax2.iax.app_addr.sinaddr'];
const PAYLOAD_FIELDS = ['iax2.payload_data', 'iax2.trunk.call.payload'];

type NumberKey = {
  [Key in keyof InformationElements]-?: NonNullable<InformationElements[Key]> extends number | bigint ? Key : never;
}[keyof InformationElements];
type StringKey = {
  [Key in keyof InformationElements]-?: NonNullable<InformationElements[Key]> extends string | Uint8Array ? Key : never;
}[keyof InformationElements];

const NUMBER_ELEMENTS = {
  version: 'version',
  authMethods: 'auth.methods',
  dialplanStatus: 'dialplan_status',
  callingPresentation: 'callingpres',
  callingTypeOfNumber: 'callington',
  callingTransitNetwork: 'callingtns',
  encryption: 'encryption',
  format: 'format',
  format2: 'format2',
  capability: 'capability',
  capability2: 'capability2',
  adsiCpe: 'cpe_adsi',
  samplingRate: 'samplingrate',
  refreshS: 'refresh',
  callNumber: 'call_no',
  transferId: 'transferid',
  messageCount: 'msg_count',
  causeCode: 'causecode',
  rrJitterMs: 'rrjitter',
  rrPackets: 'rrpkts',
  rrDelayMs: 'rrdelay',
  rrDropped: 'rrdropped',
  rrOutOfOrder: 'rrooo',
  firmwareVersion: 'firmwarever',
  firmwareBlock: 'fwblockdesc',
  provisioningVersion: 'provver',
} as const satisfies Partial<Record<NumberKey, string>>;

const STRING_ELEMENTS = {
  challenge: 'auth.challenge',
  calledNumber: 'called_number',
  codecPreferences: 'codecprefs',
  callingNumber: 'calling_number',
  callingName: 'calling_name',
  callingAni: 'calling_ani',
  language: 'language',
  dnid: 'dnid',
  rdnis: 'rdnis',
  calledContext: 'called_context',
  username: 'username',
  password: 'password',
  md5Result: 'auth.md5',
  rsaResult: 'auth.rsa',
  cause: 'cause',
  encryptionKey: 'enckey',
  provisioning: 'provisioning',
  aesProvisioning: 'aesprovisioning',
  deviceType: 'devicetype',
  serviceIdentifier: 'serviceident',
  firmwareBlockData: 'fwblockdata',
} as const satisfies Partial<Record<StringKey, string>>;

const ELEMENT_NUMBERS = [...Object.values(NUMBER_ELEMENTS), 'datetime.raw', 'rrloss', 'app_addr.sinport'];
const NUMBER_FIELDS = [...FRAME_FIELDS, ...ELEMENT_NUMBERS.map((name) => `iax2.iax.${name}`)];
/** As two hex digits. */
const BYTE_FIELDS = ['iax2.iax.iax_unknown'];
const STRING_FIELDS = [...TEXT_FIELDS, ...Object.values(STRING_ELEMENTS).map((name) => `iax2.iax.${name}`)];
const ALL_FIELDS = [...NUMBER_FIELDS, ...BYTE_FIELDS, ...STRING_FIELDS, ...PAYLOAD_FIELDS];
/** tshark takes these two for signed. */
const SIGNED_FIELDS = ['iax2.iax.refresh', 'iax2.iax.msg_count'];

/** What our decoder makes of the bytes, under Wireshark's names. */
function fieldsOf(frame: Frame): Fields {
  switch (frame.type) {
    case 'full':
      return fullFrameFields(frame);
    case 'mini':
      return {
        'iax2.packet_type': [0n],
        'iax2.src_call': [BigInt(frame.sourceCall)],
        'iax2.timestamp': [BigInt(frame.timestamp)],
        'iax2.payload_data': [toHex(frame.payload)],
      };
    case 'video-mini':
      return {
        'iax2.packet_type': [2n],
        'iax2.src_call': [BigInt(frame.sourceCall)],
        'iax2.timestamp': [BigInt(frame.timestamp)],
        'iax2.video.mini_marker': [frame.marker ? 1n : 0n],
        'iax2.payload_data': [toHex(frame.payload)],
      };
    case 'meta-trunk':
      return {
        'iax2.packet_type': [3n],
        'iax2.trunk.metacmd': [1n],
        'iax2.trunk.cmddata': [frame.withTimestamps ? 1n : 0n],
        'iax2.timestamp': [BigInt(frame.timestamp)],
        'iax2.trunk.ncalls': [BigInt(frame.entries.length)],
        'iax2.trunk.call.scallno': frame.entries.map(({ sourceCall }) => BigInt(sourceCall)),
        'iax2.trunk.call.len': frame.entries.map(({ payload }) => BigInt(payload.length)),
        'iax2.trunk.call.ts': frame.entries.map(({ timestamp }) => BigInt(timestamp ?? -1)),
        'iax2.trunk.call.payload': frame.entries.map(({ payload }) => toHex(payload)),
      };
  }
}

function fullFrameFields(frame: FullFrame): Fields {
  const { frameType, subclass, body } = frame;
  return {
    'iax2.packet_type': [1n],
    'iax2.src_call': [BigInt(frame.sourceCall)],
    'iax2.dst_call': [BigInt(frame.destinationCall)],
    'iax2.retransmission': [frame.retransmission ? 1n : 0n],
    'iax2.timestamp': [BigInt(frame.timestamp)],
    'iax2.oseqno': [BigInt(frame.oseqno)],
    'iax2.iseqno': [BigInt(frame.iseqno)],
    'iax2.type': [BigInt(frameType)],
    ...(frameType === FRAME_TYPE.IAX
      ? { 'iax2.iax.subclass': [BigInt(subclass)], ...elementFields(body) }
      : subclassFields(frame, BigInt(subclass), body)),
  };
}

function subclassFields({ frameType, marker }: FullFrame, subclass: bigint, body: Uint8Array): Fields {
  switch (frameType) {
    case FRAME_TYPE.DTMF:
    case FRAME_TYPE.DTMF_BEGIN:
      return { 'iax2.dtmf.subclass': [String.fromCharCode(Number(subclass))] };
    case FRAME_TYPE.CONTROL:
      return { 'iax2.control.subclass': [BigInt.asUintN(8, subclass)] };
    case FRAME_TYPE.VOICE:
      return { 'iax2.voice.codec': [subclass], 'iax2.payload_data': [toHex(body)] };
    case FRAME_TYPE.VIDEO:
      return {
        'iax2.video.codec': [subclass],
        'iax2.video.marker': [marker ? 1n : 0n],
        'iax2.payload_data': [toHex(body)],
      };
    case FRAME_TYPE.TEXT:
      return { 'iax2.text.subclass': [subclass], 'iax2.text.text': [utf8Decode(body)] };
    case FRAME_TYPE.HTML:
      // Only of subclass URL does tshark show what the frame carries.
      return { 'iax2.html.subclass': [subclass], ...(subclass === 1n ? { 'iax2.html.url': [utf8Decode(body)] } : {}) };
    case FRAME_TYPE.IMAGE:
      // Here tshark shows the byte as it is on the wire.
      return { 'iax2.subclass': [0x80n | BigInt(Math.log2(Number(subclass)))] };
    default:
      return { 'iax2.subclass': [subclass] };
  }
}

/** The data of the one element. */
const written = (element: InformationElements) => encodeInformationElements(element).subarray(2);

function elementFields(body: Uint8Array): Fields {
  const raw = decodeRawElements(body);
  const ies = decodeInformationElements(body);
  if (isMalformed(raw) || isMalformed(ies)) return expect.unreachable('malformed elements');
  const fields: Record<string, (string | bigint)[]> = {
    'iax2.ie_id': raw.map(({ id }) => BigInt(id)),
    'iax2.length': raw.map(({ data }) => BigInt(data.length)),
  };
  for (const [key, name] of Object.entries(NUMBER_ELEMENTS)) {
    const value = ies[key as keyof typeof NUMBER_ELEMENTS];
    if (value !== undefined) fields[`iax2.iax.${name}`] = [BigInt(value)];
  }
  for (const [key, name] of Object.entries(STRING_ELEMENTS)) {
    const value = ies[key as keyof typeof STRING_ELEMENTS];
    if (value !== undefined) fields[`iax2.iax.${name}`] = [typeof value === 'string' ? value : utf8Decode(value)];
  }
  if (ies.dateTime !== undefined) fields['iax2.iax.datetime.raw'] = [unsigned(written({ dateTime: ies.dateTime }))];
  if (ies.rrLoss !== undefined) fields['iax2.iax.rrloss'] = [unsigned(written({ rrLoss: ies.rrLoss }))];
  if (ies.iaxUnknown !== undefined) fields['iax2.iax.iax_unknown'] = [toHex(Uint8Array.of(ies.iaxUnknown))];
  if (ies.apparentAddress !== undefined) {
    fields['iax2.iax.app_addr.sinaddr'] = [ies.apparentAddress.ip];
    fields['iax2.iax.app_addr.sinport'] = [BigInt(ies.apparentAddress.port)];
  }
  return fields;
}

function unsigned(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}

/** One row of tshark's output in the same form. */
function parseRow(row: string): Fields {
  const fields: Record<string, (string | bigint)[]> = {};
  for (const [column, text] of row.split('\t').entries()) {
    const name = ALL_FIELDS[column]!;
    if (NUMBER_FIELDS.includes(name)) {
      const values = text === '' ? [] : text.split(',').map(BigInt);
      fields[name] = SIGNED_FIELDS.includes(name) ? values.map((value) => BigInt.asUintN(16, value)) : values;
    } else if (name === 'iax2.trunk.call.payload') {
      fields[name] = text === '' ? [] : text.split(',').map((hex) => (hex === '<MISSING>' ? '' : hex));
    } else fields[name] = [text];
  }
  return fields;
}

/** Every field of both; one that is not there, or an empty text, is the same as none. */
function complete(fields: Fields): Fields {
  return Object.fromEntries(
    ALL_FIELDS.map((name) => [
      name,
      (fields[name] ?? []).join() === '' && name !== 'iax2.trunk.call.payload' ? [] : (fields[name] ?? []),
    ]),
  );
}

describeWithPeers('a corpus of frames', ['tshark'], () => {
  it(`of ${FRAMES} frames is read by tshark field by field as by us [RFC5456 §8]`, async () => {
    const datagrams = fc.sample(corpus, { seed: SEED, numRuns: FRAMES }).map(encodeFrame);
    const rows = await dissect(datagrams);
    expect(rows).toHaveLength(FRAMES);
    let compared = 0;
    for (const [i, datagram] of datagrams.entries()) {
      const frame = decodeFrame(datagram);
      if (isMalformed(frame)) expect.unreachable(toHex(datagram));
      const theirs = complete(rows[i]!);
      expect(complete(fieldsOf(frame)), `frame ${i + 1}: ${toHex(datagram)}`).toEqual(theirs);
      compared += Object.values(theirs).filter((values) => values.length > 0).length;
    }
    console.log(`${FRAMES} frames, ${compared} fields agree, seed ${SEED}`);
    expect(compared).toBeGreaterThan(10 * FRAMES);
  });
});

describe('the corpus', () => {
  it('has every element that tshark can read, and every type of frame', () => {
    const frames = fc.sample(corpus, { seed: SEED, numRuns: FRAMES });
    const ids = new Set<number>();
    const types = new Set<number | string>();
    for (const frame of frames) {
      types.add(frame.type === 'full' ? frame.frameType : frame.type);
      if (frame.type !== 'full' || frame.frameType !== FRAME_TYPE.IAX) continue;
      const raw = decodeRawElements(frame.body);
      if (!isMalformed(raw)) for (const { id } of raw) ids.add(id);
    }
    for (let id = 1; id <= 0x38; id++) expect(ids).toContain(id);
    expect(types.size).toBe(Object.keys(FRAME_TYPE).length - 1 + 3);
  });
});

/** Each frame from a port of its own, so that tshark reads it without regard to those before. */
async function dissect(datagrams: readonly Uint8Array[]): Promise<Fields[]> {
  const folder = mkdtempSync(join(tmpdir(), 'branchline-corpus-'));
  try {
    const file = join(folder, 'corpus.pcap');
    const packets = datagrams.map((payload, i) => ({ fromPort: FIRST_CLIENT_PORT + i, toPort: IAX2_PORT, payload }));
    writeFileSync(file, encodePcap(packets));
    const { stdout } = await promisify(execFile)(
      'tshark',
      ['-r', file, '-T', 'fields', ...ALL_FIELDS.flatMap((name) => ['-e', name])],
      { maxBuffer: 256 << 20, env: { ...process.env, LC_ALL: 'C' } },
    );
    return stdout.split('\n').slice(0, -1).map(parseRow);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
