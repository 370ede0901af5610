import type { VideoCodec, VideoFormat } from '../base/media-port.ts';
import { encodingsOf, parametersOf } from './codec.ts';
import type { Attribute, MediaDescription } from './sdp.ts';

interface VideoRow {
  /** What we call it where the far end has not said. */
  readonly payloadType: number;
  /** The first is what we write. */
  readonly encodings: readonly string[];
  /** What we write of it where nobody has said anything. */
  readonly parameters?: string;
}

/** [RFC4587] [RFC2190] [RFC4629] [RFC6184] [RFC7741] */
const CODECS: Readonly<Record<VideoCodec, VideoRow>> = {
  h261: { payloadType: 31, encodings: ['H261/90000'] },
  h263: { payloadType: 34, encodings: ['H263/90000'] },
  h263p: { payloadType: 98, encodings: ['H263-1998/90000', 'H263-2000/90000'] },
  // Baseline; pictures in parts, as all send them.
  h264: {
    payloadType: 99,
    encodings: ['H264/90000'],
    parameters: 'profile-level-id=42801f;packetization-mode=1',
  },
  vp8: { payloadType: 100, encodings: ['VP8/90000'] },
};

/** Feedback that we carry; what asks for single packets again would need their numbers of the other side. */
const FEEDBACK: readonly string[] = ['nack pli', 'ccm fir'];

/** With feedback or without: there is no other difference for who relays. [RFC4585] */
const PROTOCOLS: readonly string[] = ['RTP/AVP', 'RTP/AVPF'];

export function isVideoLine({ kind, protocol }: MediaDescription): boolean {
  return kind === 'video' && PROTOCOLS.includes(protocol.toUpperCase());
}

/** What a line names of the codecs that we allow, in its order. */
export function videoFormatsOf(media: MediaDescription, allowed: readonly VideoCodec[]): VideoFormat[] {
  const formats: VideoFormat[] = [];
  for (const [payloadType, encoding] of encodingsOf(media)) {
    const codec = allowed.find((one) =>
      CODECS[one].encodings.some((known) => known.toLowerCase() === encoding.toLowerCase()),
    );
    if (codec === undefined) continue;
    const parameters = parametersOf(media, payloadType);
    const feedback = FEEDBACK.filter((wanted) =>
      media.attributes.some(
        ([name, value]) => name === 'rtcp-fb' && (value === `${payloadType} ${wanted}` || value === `* ${wanted}`),
      ),
    );
    formats.push({ codec, payloadType, feedback, ...(parameters === undefined ? {} : { parameters }) });
  }
  return formats;
}

/**
 * Those of `theirs` in which the other party can be seen, in the other party's order. What that one says of a format is
 * what this end is to send.
 */
export function commonVideo(theirs: readonly VideoFormat[], others: readonly VideoFormat[]): VideoFormat[] {
  const common: VideoFormat[] = [];
  for (const other of others) {
    const format = theirs.find((one) => isSame(one, other) && !common.some((taken) => taken.codec === one.codec));
    if (format === undefined) continue;
    common.push({ ...format, ...(other.parameters === undefined ? {} : { parameters: other.parameters }) });
  }
  return common;
}

/** H.264 in parts and H.264 in single packets are two things; where one side does not say, both are meant. [RFC6184 §8.2.2] */
function isSame(a: VideoFormat, b: VideoFormat): boolean {
  if (a.codec !== b.codec) return false;
  const isSaid = a.payloadType !== undefined && b.payloadType !== undefined;
  return a.codec !== 'h264' || !isSaid || packetizationOf(a) === packetizationOf(b);
}

function packetizationOf({ parameters = '' }: VideoFormat): string {
  return /(?:^|;)\s*packetization-mode\s*=\s*(\d)/i.exec(parameters)?.[1] ?? '0';
}

/** The formats of a line of ours, each with a payload type of its own. */
export function numbered(formats: readonly VideoFormat[]): (VideoFormat & { readonly payloadType: number })[] {
  const taken = new Set<number>();
  return formats.map((format) => {
    let payloadType = format.payloadType ?? CODECS[format.codec].payloadType;
    while (taken.has(payloadType)) payloadType = payloadType < FIRST_DYNAMIC ? FIRST_DYNAMIC : payloadType + 1;
    taken.add(payloadType);
    return { ...format, payloadType };
  });
}

const FIRST_DYNAMIC = 96;

/** `m=video` and its attributes; `feedback` undefined: all that we know. */
export function videoLine(
  formats: readonly VideoFormat[],
  port: number,
  protocol: string,
  direction: string,
): MediaDescription {
  const all = numbered(formats);
  const attributes: Attribute[] = [];
  for (const { codec, payloadType, parameters = CODECS[codec].parameters, feedback = FEEDBACK } of all) {
    attributes.push(['rtpmap', `${payloadType} ${CODECS[codec].encodings[0]!}`]);
    if (parameters !== undefined) attributes.push(['fmtp', `${payloadType} ${parameters}`]);
    for (const one of feedback) attributes.push(['rtcp-fb', `${payloadType} ${one}`]);
  }
  attributes.push([direction, null]);
  const numbers = all.map(({ payloadType }) => String(payloadType));
  return { kind: 'video', port, protocol, formats: numbers, connection: undefined, attributes };
}
