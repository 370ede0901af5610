import type { Address } from '../base/machine.ts';
import type { VideoCodec, VideoFormat, VoiceFormat } from '../base/media-port.ts';
import type { SrtpKeys, SrtpSuite } from '../base/srtp.ts';
import {
  COMFORT_NOISE,
  type CodecName,
  codecsOf,
  encodingsOf,
  findEncoding,
  payloadTypesOf,
  rtpmapOf,
  TELEPHONE_EVENT,
  voiceFormatsOf,
} from './codec.ts';
import { parseDecimal } from './grammar.ts';
import { type CryptoAttribute, cryptoAttribute, cryptoAttributesOf, SRTP_SUITES, type SrtpPolicy } from './sdes.ts';
import { type Attribute, attributeOf, formatSdp, type MediaDescription, type SessionDescription } from './sdp.ts';
import { commonVideo, isVideoLine, videoFormatsOf, videoLine } from './video.ts';
import { VoiceChoice } from './voice-choice.ts';

/** Who may send, from where we stand. [RFC3264 §5.1] */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** What both sides agreed on for the voice of a call. */
export interface MediaAgreement {
  /** Where the far end wants its RTP; behind a NAT it may come from elsewhere. */
  readonly remote: Address;
  /** The port of `remote` where RTP and RTCP go by one. [RFC5761] */
  readonly remoteRtcpPort: number;
  readonly codec: CodecName;
  /** What the codec is called in packets to the far end, and in its packets to us. */
  readonly payloadType: number;
  /** For digits; undefined where the far end has none. */
  readonly telephoneEventType: number | undefined;
  /** The far end may send comfort noise of this type. */
  readonly comfortNoiseType: number | undefined;
  readonly direction: Direction;
  /** How long the far end wants our packets to be. */
  readonly ptimeMs: number;
  /** How the voice is sealed; absent: it is in the clear. */
  readonly srtp?: SrtpKeys;
  /** The far end wants to be told how it sounds. [RFC3611 §5.1] */
  readonly wantsVoipMetrics?: true;
  /** The picture beside the voice, where there is one. */
  readonly video?: VideoAgreement;
}

/** What both sides agreed on for the picture of a call; as for the voice. */
export interface VideoAgreement {
  readonly remote: Address;
  readonly remoteRtcpPort: number;
  readonly localPort: number;
  readonly format: VideoFormat & { readonly payloadType: number };
  readonly direction: Direction;
}

export interface LocalMedia {
  readonly address: Address;
  /** What the far end may have, in our order of preference. */
  readonly codecs: readonly CodecName[];
  /** Decimal digits, different for each call. */
  readonly sessionId: string;
  /** The pictures that the far end may have; absent: none. */
  readonly video?: LocalVideo;
  /** Absent: voice goes in the clear only. Over TLS alone: the keys stand in the description. [RFC4568 §7] */
  readonly srtp?: LocalSrtp;
}

export interface LocalSrtp {
  readonly policy: SrtpPolicy;
  /** Random, `SRTP_KEY_LENGTH` bytes. */
  readonly makeKey: () => Uint8Array;
}

export interface LocalVideo {
  readonly codecs: readonly VideoCodec[];
  /** Where their RTP is: taken when it is first needed, the same from then on; undefined if there is no room. */
  readonly port: () => number | undefined;
}

const PLAIN = 'RTP/AVP';
const SECURE = 'RTP/SAVP';
const OUR_TELEPHONE_EVENT = 101;
/** Digits 0 to 9, *, #, A to D, flash. [RFC4733 §7.1.1] */
const EVENTS = '0-16';
const MUX = 'rtcp-mux';
const XR = 'rtcp-xr';
const VOIP_METRICS = 'voip-metrics';
const PTIME_MS = 20;
const SHORTEST_PTIME_MS = 10;
const LONGEST_PTIME_MS = 60;
const DIRECTIONS: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

/** The session of one call: what was offered, what was answered, and that its shape stays the same. [RFC3264] */
export class MediaSession {
  private version = 0;
  /** The last description of ours, without its version. */
  private described = '';
  /** The streams in the order that both sides must keep, ours for voice among them. */
  private layout: readonly MediaDescription[] = [];
  private agreed: MediaAgreement | undefined;
  /** What we want: sendonly while we hold the far end. */
  private wanted: Direction = 'sendrecv';

  /** The pictures that the far end has named last, in its order. */
  private theirVideo: readonly VideoFormat[] = [];
  /** Those of the other party of the call; undefined while there is none, and nobody knows. */
  private otherVideo: readonly VideoFormat[] | undefined;

  /** What we would seal with under each suite; once one is agreed on, a key of another is never used again. */
  private readonly keys = new Map<SrtpSuite, Uint8Array>();

  /** What the voice is coded with, and is to be. */
  readonly voice: VoiceChoice;

  constructor(private readonly local: LocalMedia) {
    this.voice = new VoiceChoice(local.codecs);
  }

  /** What the other party has of what can only be carried: its voice is in that from now on. True if that is to be offered. */
  carry(format: VoiceFormat | undefined): boolean {
    this.voice.carry(format);
    return this.isVoiceOutdated;
  }

  /** Whether the voice is to be coded otherwise than was agreed. */
  get isVoiceOutdated(): boolean {
    return this.agreed !== undefined && this.voice.isOutdated(this.agreed.codec);
  }

  /** What we have offered was refused: what was agreed goes on. True if the voice is not coded as was wanted. */
  giveUpOffer(): boolean {
    return this.agreed !== undefined && this.voice.giveUp(this.agreed.codec);
  }

  /** The picture that was agreed on, else those that there could be. */
  get video(): readonly VideoFormat[] {
    const agreed = this.agreed?.video;
    return agreed === undefined ? this.theirVideo : [agreed.format];
  }

  /** What pictures the other party has. True if what was agreed on before is to be offered anew for it. */
  see(video: readonly VideoFormat[]): boolean {
    this.otherVideo = video;
    if (this.agreed === undefined || this.theirVideo.length === 0) return false;
    const [wanted] = commonVideo(this.theirVideo, video);
    const agreed = this.agreed.video?.format;
    return wanted?.codec !== agreed?.codec || wanted?.payloadType !== agreed?.payloadType;
  }

  /** Whether an offer has voice that we can; what it has beside is known then. */
  accepts(offer: SessionDescription): boolean {
    this.noteVideo(offer);
    const line = offer.media.find((media) => this.agreeToOffer(offer, media) !== undefined);
    if (line !== undefined) this.voice.noteOffer(codecsOf(line), voiceFormatsOf(line), true);
    return line !== undefined;
  }

  get agreement(): MediaAgreement | undefined {
    return this.agreed;
  }

  /** Whether the far end does not want to hear us. */
  get isHeldByThem(): boolean {
    return this.agreed !== undefined && !sends(this.agreed.direction);
  }

  get isHeldByUs(): boolean {
    return this.wanted === 'sendonly';
  }

  hold(on: boolean): void {
    this.wanted = on ? 'sendonly' : 'sendrecv';
  }

  /** An offer: the first of the call, or one that keeps what was agreed and changes the direction. [RFC3264 §8] */
  makeOffer(): SessionDescription {
    const known = this.layout.findIndex(isVoice);
    const codecs = this.voice.makeOffer(this.agreed === undefined);
    const voice = this.sealed(
      this.voiceLine(codecs, undefined, this.wanted, OUR_TELEPHONE_EVENT, isMuxed(this.agreed)),
      this.offeredProtocol(),
      this.offeredKeys(),
    );
    const picture = this.layout.findIndex(({ kind }) => kind === 'video');
    const video = this.offeredVideo();
    const media = this.layout.map((one, i) => {
      if (i === known) return voice;
      return i === picture && video !== undefined ? video : refusedLine(one);
    });
    if (known < 0) media.push(voice);
    if (picture < 0 && video !== undefined) media.push(video);
    return this.describe(media);
  }

  private offeredVideo(): MediaDescription | undefined {
    const { video } = this.local;
    if (video === undefined) return undefined;
    const isFirst = this.agreed === undefined && this.theirVideo.length === 0;
    const others = this.otherVideo ?? this.video;
    const formats = isFirst
      ? (this.otherVideo ?? []).filter(({ codec }) => video.codecs.includes(codec))
      : commonVideo(this.theirVideo, others);
    const port = formats.length === 0 ? undefined : video.port();
    if (port === undefined) return undefined;
    return videoLine(formats.map(withOurFeedback), port, 'RTP/AVP', this.wanted);
  }

  /** What the far end made of our offer; undefined if there is no voice that both can. */
  handleAnswer(answer: SessionDescription): MediaAgreement | undefined {
    const line = answer.media.find(isVoice);
    const choose = (theirs: readonly CodecName[]) => this.voice.readAnswer(theirs);
    const agreement = this.agree(answer, line, choose, isMuxed(this.agreed));
    if (agreement === undefined || line === undefined) return undefined;
    this.voice.noteAnswer(voiceFormatsOf(line), agreement.codec);
    const srtp = this.seal(cryptoOf(line, this.local.srtp));
    this.noteVideo(answer);
    const index = this.layout.findIndex((media) => media.kind === 'video' && media.port !== 0);
    const video = index < 0 ? undefined : this.agreeVideo(answer, answer.media[index], this.theirVideo);
    const direction = meet(this.wanted, reverse(agreement.direction));
    this.agreed = withVideo({ ...agreement, direction, ...srtp }, video);
    return this.agreed;
  }

  /** Our answer to an offer; undefined if it has no voice that we can: 488, and what was agreed before goes on. */
  answer(offer: SessionDescription): SessionDescription | undefined {
    const index = offer.media.findIndex((media) => this.agreeToOffer(offer, media) !== undefined);
    const line = offer.media[index];
    const agreement = this.agreeToOffer(offer, line);
    if (line === undefined || agreement === undefined) return undefined;
    this.voice.noteOffer(codecsOf(line), voiceFormatsOf(line), this.agreed === undefined);
    this.voice.noteAnswered(agreement.codec);
    const direction = meet(this.wanted, reverse(agreement.direction));
    this.noteVideo(offer);
    const picture = offer.media.findIndex((media) => isVideoLine(media) && media.port !== 0);
    const formats = this.otherVideo === undefined ? this.theirVideo : commonVideo(this.theirVideo, this.otherVideo);
    const video = this.agreeVideo(offer, offer.media[picture], formats);
    const theirs = cryptoOf(line, this.local.srtp, this.agreed?.srtp?.suite);
    const srtp = this.seal(theirs);
    this.agreed = withVideo({ ...agreement, direction, ...srtp }, video);
    const ours = theirs === undefined ? [] : [{ ...theirs, key: this.keyFor(theirs.suite) }];
    const plain = this.voiceLine([agreement.codec], agreement, direction, agreement.telephoneEventType);
    const voice = this.sealed(plain, line.protocol, ours);
    return this.describe(
      offer.media.map((media, i) => {
        if (i === index) return voice;
        if (i !== picture || video === undefined) return refusedLine(media);
        return videoLine([video.format], video.localPort, media.protocol, video.direction);
      }),
    );
  }

  /** Whether a line is as sealed as it must be, and no more than we can. */
  private mayBeSealed(media: MediaDescription): boolean {
    const { srtp } = this.local;
    const isSecure = media.protocol.toUpperCase() === SECURE;
    return cryptoOf(media, srtp) !== undefined || (!isSecure && srtp?.policy !== 'required');
  }

  /** As the line was before, or as strict as we are. [RFC4568 §7.1.1] */
  private offeredProtocol(): string {
    const known = this.layout.find((media) => isVoice(media) && media.port !== 0);
    return known?.protocol ?? (this.local.srtp?.policy === 'required' ? SECURE : PLAIN);
  }

  /** A call that is sealed stays with its suite: the keys of another would begin to count anew. */
  private offeredKeys(): CryptoAttribute[] {
    if (this.local.srtp === undefined) return [];
    const agreed = this.agreed?.srtp?.suite;
    return SRTP_SUITES.map((suite, i) => ({ tag: i + 1, suite }))
      .filter(({ suite }) => agreed === undefined || suite === agreed)
      .map((one) => ({ ...one, key: this.keyFor(one.suite) }));
  }

  private keyFor(suite: SrtpSuite): Uint8Array {
    const key = this.keys.get(suite) ?? this.local.srtp!.makeKey();
    this.keys.set(suite, key);
    return key;
  }

  /** Theirs was taken, or none. */
  private seal(theirs: CryptoAttribute | undefined): { srtp?: SrtpKeys } {
    for (const suite of SRTP_SUITES) if (suite !== theirs?.suite) this.keys.delete(suite);
    if (theirs === undefined) return {};
    const { suite, key } = theirs;
    return { srtp: { suite, sendKey: this.keyFor(suite), receiveKey: key } };
  }

  private sealed(line: MediaDescription, protocol: string, keys: readonly CryptoAttribute[]): MediaDescription {
    return { ...line, protocol, attributes: [...line.attributes, ...keys.map(cryptoAttribute)] };
  }

  private noteVideo(description: SessionDescription): void {
    const { video } = this.local;
    const line = description.media.find((media) => isVideoLine(media) && media.port !== 0);
    this.theirVideo = video === undefined || line === undefined ? [] : videoFormatsOf(line, video.codecs);
  }

  /** The first of `formats`, if the line is open and we have room for it. */
  private agreeVideo(
    session: SessionDescription,
    media: MediaDescription | undefined,
    formats: readonly VideoFormat[],
  ): VideoAgreement | undefined {
    const [format] = formats;
    const way = media === undefined ? undefined : this.wayOf(session, media);
    if (media === undefined || way === undefined || !isVideoLine(media) || format?.payloadType === undefined)
      return undefined;
    const localPort = this.local.video?.port();
    if (localPort === undefined) return undefined;
    const { remote, remoteRtcpPort, written } = way;
    const direction = meet(this.wanted, reverse(written));
    return { remote, remoteRtcpPort, localPort, format: { ...format, payloadType: format.payloadType }, direction };
  }

  /** Where a line that is open has its RTP, and which ways, as they wrote it. */
  private wayOf(session: SessionDescription, media: MediaDescription) {
    const ip = media.connection ?? session.connection;
    if (ip === undefined || media.port === 0) return undefined;
    const [rtcp = ''] = (attributeOf(session, media, 'rtcp') ?? '').split(' ');
    const named = parseDecimal(rtcp, 65_535);
    const isOldHold = ip === '0.0.0.0' || ip === '::';
    const direction = directionOf(session, media);
    return {
      remote: { ip, port: media.port },
      // The port of RTP itself would mean what only rtcp-mux can say.
      remoteRtcpPort: named === undefined || named === media.port ? media.port + 1 : named,
      written: isOldHold ? meet(direction, 'sendonly') : direction,
    };
  }

  private agreeToOffer(offer: SessionDescription, media: MediaDescription | undefined): MediaAgreement | undefined {
    return this.agree(offer, media, (theirs) => this.voice.chooseOf(theirs, this.agreed === undefined));
  }

  /** What a stream of theirs would give with the codec that `choose` takes; `direction` is as they wrote it. */
  private agree(
    session: SessionDescription,
    media: MediaDescription | undefined,
    choose: (theirs: readonly CodecName[]) => CodecName | undefined,
    mayMux = true,
  ): MediaAgreement | undefined {
    const way =
      media === undefined || !isVoice(media) || !this.mayBeSealed(media) ? undefined : this.wayOf(session, media);
    if (media === undefined || way === undefined) return undefined;
    const encodings = encodingsOf(media);
    const codec = choose(codecsOf(media));
    const payloadType = codec === undefined ? undefined : findEncoding(encodings, rtpmapOf(codec));
    if (codec === undefined || payloadType === undefined) return undefined;
    const { remote, remoteRtcpPort, written } = way;
    const wantsMux = mayMux && media.attributes.some(([name]) => name === MUX);
    return {
      remote,
      remoteRtcpPort: wantsMux ? remote.port : remoteRtcpPort,
      codec,
      payloadType,
      telephoneEventType: findEncoding(encodings, TELEPHONE_EVENT),
      comfortNoiseType: findEncoding(encodings, COMFORT_NOISE),
      direction: written,
      ptimeMs: ptimeOf(session, media),
      ...(wantsVoipMetrics(session, media) ? { wantsVoipMetrics: true } : {}),
    };
  }

  private voiceLine(
    codecs: readonly CodecName[],
    agreement: MediaAgreement | undefined,
    direction: Direction,
    eventType: number | undefined,
    muxed = isMuxed(agreement),
  ): MediaDescription {
    const formats: string[] = [];
    const attributes: Attribute[] = [];
    const add = (type: number, encoding: string) => {
      formats.push(String(type));
      attributes.push(['rtpmap', `${type} ${encoding}`]);
    };
    const types = payloadTypesOf(codecs, agreement ?? this.agreed, eventType === undefined ? [] : [eventType]);
    for (const [i, codec] of codecs.entries()) {
      add(types[i]!, rtpmapOf(codec));
      const parameters = this.voice.parametersOf(codec);
      if (parameters !== undefined) attributes.push(['fmtp', `${types[i]!} ${parameters}`]);
    }
    if (agreement?.comfortNoiseType !== undefined) add(agreement.comfortNoiseType, COMFORT_NOISE);
    if (eventType !== undefined) {
      add(eventType, TELEPHONE_EVENT);
      attributes.push(['fmtp', `${eventType} ${EVENTS}`]);
    }
    if (muxed) attributes.push([MUX, null]);
    // Said to whoever answers, and to an offer that says it.
    if (agreement === undefined || agreement.wantsVoipMetrics === true) attributes.push([XR, VOIP_METRICS]);
    attributes.push(['ptime', String(agreement?.ptimeMs ?? PTIME_MS)], [direction, null]);
    const { port } = this.local.address;
    return { kind: 'audio', port, protocol: PLAIN, formats, connection: undefined, attributes };
  }

  /** The version goes up when something changed, and only then. [RFC3264 §8] */
  private describe(media: readonly MediaDescription[]): SessionDescription {
    this.layout = media;
    const { address, sessionId } = this.local;
    const at = (version: number): SessionDescription => ({
      origin: { username: '-', sessionId, version: String(version), address: address.ip },
      connection: address.ip,
      attributes: [],
      media,
    });
    const text = formatSdp(at(0));
    if (text !== this.described) this.version++;
    this.described = text;
    return at(this.version);
  }
}

function withVideo(agreement: MediaAgreement, video: VideoAgreement | undefined): MediaAgreement {
  return video === undefined ? agreement : { ...agreement, video };
}

/** How we may be asked is ours to say, whatever the other party takes. */
function withOurFeedback({ feedback: _, ...format }: VideoFormat): VideoFormat {
  return format;
}

/** RTP and RTCP by one port: as they offered, and in offers of ours once it is so. [RFC5761 §5.1.1] */
function isMuxed(agreement: MediaAgreement | undefined): boolean {
  return agreement !== undefined && agreement.remoteRtcpPort === agreement.remote.port;
}

/** Of the reports that it names the only one of ours; those that it does not say it wants are not for it. [RFC3611 §5.1] */
function wantsVoipMetrics(session: SessionDescription, media: MediaDescription): boolean {
  return (attributeOf(session, media, XR) ?? '').split(/\s+/).includes(VOIP_METRICS);
}

function isVoice(media: MediaDescription): boolean {
  return media.kind === 'audio' && [PLAIN, SECURE].includes(media.protocol.toUpperCase());
}

/** The first of a line that we can, rather the one of `suite`; undefined where we seal nothing. */
function cryptoOf(
  media: MediaDescription,
  local: LocalSrtp | undefined,
  suite?: SrtpSuite,
): CryptoAttribute | undefined {
  const found = local === undefined ? [] : cryptoAttributesOf(media);
  return found.find((one) => one.suite === suite) ?? found[0];
}

function refusedLine(media: MediaDescription): MediaDescription {
  return { ...media, port: 0, connection: undefined, attributes: [] };
}

function directionOf(session: SessionDescription, media: MediaDescription): Direction {
  const written = (attributes: readonly Attribute[]) =>
    DIRECTIONS.find((direction) => attributes.some(([name, value]) => name === direction && value === null));
  return written(media.attributes) ?? written(session.attributes) ?? 'sendrecv';
}

/** 10 to 60 ms in whole tens, and no more than the far end can take. */
function ptimeOf(session: SessionDescription, media: MediaDescription): number {
  const read = (name: string) => parseDecimal(attributeOf(session, media, name) ?? '', 1_000);
  const wanted = Math.min(read('ptime') ?? PTIME_MS, read('maxptime') ?? LONGEST_PTIME_MS);
  const whole = Math.floor(wanted / SHORTEST_PTIME_MS) * SHORTEST_PTIME_MS;
  return Math.min(Math.max(whole, SHORTEST_PTIME_MS), LONGEST_PTIME_MS);
}

export function sends(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

export function receives(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}

/** The same from the other side. */
function reverse(direction: Direction): Direction {
  return direction === 'sendonly' ? 'recvonly' : direction === 'recvonly' ? 'sendonly' : direction;
}

/** What both allow. */
function meet(a: Direction, b: Direction): Direction {
  const [out, back] = [sends(a) && sends(b), receives(a) && receives(b)];
  return out ? (back ? 'sendrecv' : 'sendonly') : back ? 'recvonly' : 'inactive';
}
