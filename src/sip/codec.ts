import type { RtpCodec } from '../base/media-port.ts';
import type { MediaDescription } from './sdp.ts';

/** Codecs by the names of the configuration. */
export type CodecName = RtpCodec;

interface CodecRow {
  readonly payloadType: number;
  /** `encoding/clock`; G.722's clock is written as 8000 for a historical reason. [RFC3551 §4.5.2] */
  readonly rtpmap: string;
}

const CODECS: Readonly<Record<CodecName, CodecRow>> = {
  ulaw: { payloadType: 0, rtpmap: 'PCMU/8000' },
  alaw: { payloadType: 8, rtpmap: 'PCMA/8000' },
  g722: { payloadType: 9, rtpmap: 'G722/8000' },
};

const NAMES = Object.keys(CODECS) as CodecName[];

export const TELEPHONE_EVENT = 'telephone-event/8000';
export const COMFORT_NOISE = 'CN/8000';

/** Encodings that are known by their number where no rtpmap says otherwise. [RFC3551 §6] */
const STATIC: Readonly<Record<string, string>> = {
  0: 'PCMU/8000',
  8: 'PCMA/8000',
  9: 'G722/8000',
  13: 'CN/8000',
  31: 'H261/90000',
  34: 'H263/90000',
};

export function rtpmapOf(codec: CodecName): string {
  return CODECS[codec].rtpmap;
}

export function payloadTypeOf(codec: CodecName): number {
  return CODECS[codec].payloadType;
}

/** The encodings of a stream by payload type, in the order of its format list. */
export function encodingsOf(media: MediaDescription): ReadonlyMap<number, string> {
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
  const named = [...encodingsOf(media).values()].map((encoding) => encoding.toLowerCase());
  const codecs = named.flatMap(
    (encoding) => NAMES.find((name) => CODECS[name].rtpmap.toLowerCase() === encoding) ?? [],
  );
  return [...new Set(codecs)];
}

/** The payload type that an encoding has in a stream. */
export function findEncoding(encodings: ReadonlyMap<number, string>, wanted: string): number | undefined {
  for (const [type, encoding] of encodings) if (encoding.toLowerCase() === wanted.toLowerCase()) return type;
  return undefined;
}
