import { isCarriedCodec, type RtpCodec, type VoiceFormat } from '../base/media-port.ts';
import type { MediaDescription } from './sdp.ts';

/** Codecs by the names of the configuration. */
export type CodecName = RtpCodec;

interface CodecRow {
  /** From 96 on: what we call it where the far end has not. */
  readonly payloadType: number;
  /** `encoding/clock`; G.722's clock is written as 8000 for a historical reason. [RFC3551 §4.5.2] */
  readonly rtpmap: string;
}

const CODECS: Readonly<Record<CodecName, CodecRow>> = {
  ulaw: { payloadType: 0, rtpmap: 'PCMU/8000' },
  alaw: { payloadType: 8, rtpmap: 'PCMA/8000' },
  g722: { payloadType: 9, rtpmap: 'G722/8000' },
  gsm: { payloadType: 3, rtpmap: 'GSM/8000' },
  g729: { payloadType: 18, rtpmap: 'G729/8000' },
  g726: { payloadType: 111, rtpmap: 'G726-32/8000' },
  ilbc: { payloadType: 97, rtpmap: 'iLBC/8000' },
  speex: { payloadType: 110, rtpmap: 'speex/8000' },
  slin: { payloadType: 118, rtpmap: 'L16/8000' },
};

const BY_ENCODING: ReadonlyMap<string, CodecName> = new Map(
  (Object.keys(CODECS) as CodecName[]).map((name) => [CODECS[name].rtpmap.toLowerCase(), name]),
);

export const TELEPHONE_EVENT = 'telephone-event/8000';
export const COMFORT_NOISE = 'CN/8000';

/** Encodings that are known by their number where no rtpmap says otherwise. [RFC3551 §6] */
const STATIC: Readonly<Record<string, string>> = {
  0: 'PCMU/8000',
  3: 'GSM/8000',
  8: 'PCMA/8000',
  9: 'G722/8000',
  13: 'CN/8000',
  18: 'G729/8000',
  31: 'H261/90000',
  34: 'H263/90000',
};

/** What a stream names that can only be carried, with its parameters, in the order of its format list. */
export function voiceFormatsOf(media: MediaDescription): VoiceFormat[] {
  const encodings = encodingsOf(media);
  return codecsOf(media)
    .filter(isCarriedCodec)
    .map((codec) => {
      const parameters = parametersOf(media, findEncoding(encodings, rtpmapOf(codec)));
      return parameters === undefined ? { codec } : { codec, parameters };
    });
}

/** What `a=fmtp` says of a payload type. */
export function parametersOf({ attributes }: MediaDescription, payloadType: number | undefined): string | undefined {
  const start = `${payloadType} `;
  const said = attributes.find(([name, value]) => name === 'fmtp' && value?.startsWith(start) === true);
  return said?.[1]?.slice(start.length).trim();
}

/** The payload types of an offer of these: that of the codec that is agreed on stays, no other is given twice. */
export function payloadTypesOf(
  codecs: readonly CodecName[],
  agreed: { readonly codec: CodecName; readonly payloadType: number } | undefined,
  taken: readonly number[],
): number[] {
  const used = new Set(taken);
  if (agreed !== undefined) used.add(agreed.payloadType);
  return codecs.map((codec) => {
    if (codec === agreed?.codec) return agreed.payloadType;
    let type = CODECS[codec].payloadType;
    while (used.has(type)) type = type < FIRST_DYNAMIC || type === LAST_TYPE ? FIRST_DYNAMIC : type + 1;
    used.add(type);
    return type;
  });
}

const FIRST_DYNAMIC = 96;
const LAST_TYPE = 127;

export function rtpmapOf(codec: CodecName): string {
  return CODECS[codec].rtpmap;
}

/** The encodings of a stream by payload type, in the order of its format list. */
export function encodingsOf(media: MediaDescription): ReadonlyMap<number, string> {
  const read = readEncodings.get(media) ?? readEncodingsOf(media);
  readEncodings.set(media, read);
  return read;
}

/** An answer asks for them several times, of a stream that does not change. */
const readEncodings = new WeakMap<MediaDescription, ReadonlyMap<number, string>>();

function readEncodingsOf(media: MediaDescription): ReadonlyMap<number, string> {
  const mapped = new Map<string, string>();
  for (const [name, value] of media.attributes) {
    const [, type, encoding] = (name === 'rtpmap' ? /^(\d+)\s+(\S+)$/.exec(value ?? '') : null) ?? [];
    if (type !== undefined) mapped.set(type, encoding!.replace(/\/1$/, ''));
  }
  const encodings = new Map<number, string>();
  for (const format of media.formats) {
    const encoding = mapped.get(format) ?? STATIC[format];
    if (encoding !== undefined && /^\d{1,3}$/.test(format) && Number(format) <= 127)
      encodings.set(Number(format), encoding);
  }
  return encodings;
}

/** The codecs of voice that a stream names, in the order of its format list. */
export function codecsOf(media: MediaDescription): CodecName[] {
  const codecs = new Set<CodecName>();
  for (const encoding of encodingsOf(media).values()) {
    const codec = BY_ENCODING.get(encoding.toLowerCase());
    if (codec !== undefined) codecs.add(codec);
  }
  return [...codecs];
}

/** The payload type that an encoding has in a stream. */
export function findEncoding(encodings: ReadonlyMap<number, string>, wanted: string): number | undefined {
  for (const [type, encoding] of encodings) if (encoding.toLowerCase() === wanted.toLowerCase()) return type;
  return undefined;
}
