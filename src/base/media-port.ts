import type { SignalStep } from './line-signal.ts';
import type { Address } from './machine.ts';
import type { SrtpKeys } from './srtp.ts';
import type { TonePattern } from './tone-pattern.ts';

/**
 * The seam between the signalling plane and the media plane (docs/decisions/0003-media-seam.md). Signalling speaks only
 * through these commands, none of which gives anything back, so that the plane can live in a worker behind shared
 * memory: the ids are allotted by the caller, and what the plane has to say comes as a `MediaEvent`.
 *
 * A *stream* is one far end: an IAX2 call leg, a copper line, an RTP session. A stream has one *source*: what its far
 * end hears. Every patching of the switch is this one verb: a bridge is two streams that hear each other, echo is a
 * stream that hears itself, dial tone is a stream that hears a tone.
 */
export interface MediaPort {
  /** Opens a stream. Its source may have been set before, or be set later. */
  open(stream: StreamId, spec: StreamSpec, nowMs: number): void;
  /**
   * Gives a stream a picture, or another one: whoever hears its voice sees it from now on, if both can. The voice may be
   * opened later.
   */
  openVideo(stream: StreamId, spec: VideoSpec, nowMs: number): void;
  /** RTP: asks the far end for a whole picture, as soon as it can. [RFC4585 §6.3.1] [RFC5104 §4.3.1] */
  requestPicture(stream: StreamId, by: 'pli' | 'fir', nowMs: number): void;
  /** The stream has no picture any more. */
  closeVideo(stream: StreamId, nowMs: number): void;
  /** Closes a stream, and its picture; streams that hear it hear nothing from now on. Closing an unknown stream does nothing. */
  close(stream: StreamId, nowMs: number): void;
  /** Sets what the far end of `stream` hears from now on. */
  hear(stream: StreamId, source: Source, nowMs: number): void;
  /** Conferences: a sound for all in a room, or whether what is said there comes as `recorded` events. */
  tellRoom(room: StreamId, order: RoomOrder, nowMs: number): void;
  /** Lays a DTMF digit over what the far end of `stream` hears. */
  playDigit(stream: StreamId, digit: string, durationMs: number, nowMs: number): void;
  /** A line: plays a signal in the place of what its far end hears; no steps end one. A new source ends it, too. */
  playSignal(stream: StreamId, steps: readonly SignalStep[], nowMs: number): void;
  /** RTP: what was agreed anew, by re-INVITE or UPDATE: another address, codec or direction. The stream goes on. */
  update(stream: StreamId, session: RtpSession, nowMs: number): void;
  /** IAX2: the codec of the full voice frames that the far end sends and of those that we send. */
  setFormat(stream: StreamId, format: number): void;
  /** IAX2: a full frame of another type went out with this timestamp; voice must not use it again. [RFC5456 §8.1.1] */
  noteSent(stream: StreamId, timestamp: number): void;
  /** IAX2: a full frame was accepted with this timestamp; mini frames are unwrapped around it. [RFC5456 §8.1.2] */
  noteReceived(stream: StreamId, timestamp: number): void;
  /** Stops (or resumes) sending voice and pictures; the clock runs on. [RFC5456 §6.4.4] */
  quelch(stream: StreamId, on: boolean): void;
  /** The last voice timestamp sent, 0 before the first; read from shared memory where the plane is a worker. */
  lastTimestamp(stream: StreamId): number;
  /** What the stream has counted so far, or had when it was closed of late; undefined for an unknown stream. */
  statistics(stream: StreamId): StreamStatistics | undefined;
}

/** Allotted by `StreamIds`, never 0, never used twice in a run. */
export type StreamId = number;

export class StreamIds {
  private last = 0;

  next(): StreamId {
    return ++this.last;
  }
}

export type StreamSpec = Iax2StreamSpec | LineStreamSpec | RtpStreamSpec;

/** One IAX2 call leg's voice. */
export interface Iax2StreamSpec {
  readonly kind: 'iax2';
  readonly remote: Address;
  /** Our call number, 2…32767: the source call number of what we send. */
  readonly localCall: number;
  /** The peer's call number: the source call number of what we receive. */
  readonly remoteCall: number;
  /** Format bit of the agreed codec, 4 = µ-law, 8 = A-law. [RFC5456 §8.7] */
  readonly format: number;
  /** Monotonic ms at which this call's outgoing timestamps are 0. */
  readonly epochMs: number;
  /** Our mini frames go in trunk frames, together with those of all calls with `remote`. [RFC5456 §8.1.3.2] */
  readonly trunk?: TrunkMode;
}

/** The picture of one IAX2 call leg: never in a trunk frame. */
export interface Iax2VideoSpec extends Pick<Iax2StreamSpec, 'remote' | 'localCall' | 'remoteCall' | 'epochMs'> {
  readonly kind: 'iax2';
  /** Format bits of all that both ends can show, H.264 = 0x200000. [RFC5456 §8.7] */
  readonly formats: readonly number[];
}

export type VideoSpec = Iax2VideoSpec | RtpVideoSpec;

/** The picture of a SIP call: an RTP session beside that of its voice. */
export interface RtpVideoSpec extends VideoSession, Omit<RtpIdentity, 'kind'> {
  readonly kind: 'rtp';
}

/** What offer and answer agreed on for a picture. */
export interface VideoSession extends RtpPath {
  readonly codec: VideoCodec;
  /** What the codec is called in packets of both directions, 0…127. */
  readonly payloadType: number;
}

/** Whether each call in a trunk frame has a timestamp of its own; without, the receiver goes by the trunk's. */
export type TrunkMode = 'timestamps' | 'plain';

/** One copper line of the HAT: 10 ms blocks both ways, detected digits as events. */
export interface LineStreamSpec {
  readonly kind: 'line';
  readonly port: number;
  readonly law: Law;
  /** A town line: its caller ID and the tones of its exchange are heard, too. */
  readonly town?: TownLineTones;
  /** A modem talks: nothing is taken out of its sound, and what it hears has a fixed delay. */
  readonly fax?: boolean;
}

/** What an exchange says by a tone: it is ready, the far end rings, it is busy, there is no way. */
export type ProgressTone = 'dial' | 'ringback' | 'busy' | 'congestion';

export type TownLineTones = Readonly<Record<ProgressTone, TonePattern>>;

export type Law = 'ulaw' | 'alaw';

/** One RTP session: the voice of a SIP call. [RFC3550] */
export interface RtpStreamSpec extends RtpSession, RtpIdentity {}

/** What is ours of an RTP session. */
export interface RtpIdentity {
  readonly kind: 'rtp';
  /** Ours, even, allotted by an `RtpPortPool`; RTCP is on the next one. */
  readonly localPort: number;
  /** Random, as the next two: who has not seen the signalling cannot guess them. 32, 15 and 32 bits. [RFC3550 §5.1] */
  readonly ssrc: number;
  readonly firstSequence: number;
  readonly firstTimestamp: number;
}

/** Between whom RTP goes, and which ways. */
export interface RtpPath {
  /** Where the far end wants its RTP; what it sends decides, see `sources`. */
  readonly remote: Address;
  /** That of `remote`: RTP and RTCP go by one port. [RFC5761] */
  readonly remoteRtcpPort: number;
  /**
   * From where RTP is believed: `signalled`: from the IP address in the SDP or from `signallingIp`, whatever the port;
   * `any`: from everywhere, for a far end whose media comes from an address that nobody told.
   */
  readonly sources: 'signalled' | 'any';
  /** The address that the SIP messages come from. */
  readonly signallingIp: string;
  /** Whether the far end hears (sees) us, and whether we hear it, as the direction attributes say. */
  readonly sends: boolean;
  readonly receives: boolean;
}

/** What offer and answer agreed on for a stream. */
export interface RtpSession extends RtpPath {
  readonly codec: RtpCodec;
  /** What the codec is called in packets of both directions, 0…127. */
  readonly payloadType: number;
  /** Of digits in both directions; undefined: they go in the audio. [RFC4733] */
  readonly telephoneEventType: number | undefined;
  /** Of comfort noise that the far end may send. [RFC3389] */
  readonly comfortNoiseType: number | undefined;
  /** How long our packets are: 10…60 in whole tens. */
  readonly ptimeMs: number;
  /** Voice and reports are sealed with these; absent: they are in the clear. [RFC3711] */
  readonly srtp?: SrtpKeys;
  /** The far end wants to be told how it sounds here. [RFC3611 §5.1] */
  readonly wantsVoipMetrics?: boolean;
}

/** G.711 can be heard by everything here; the others are carried untouched to a stream of the same codec. */
export type RtpCodec = Law | CarriedCodec;

/** Codecs of voice that nothing here makes sound of: two far ends that both have one talk in it. */
export type CarriedCodec = (typeof CARRIED_CODECS)[number];

/** Those whose RTP clock is that of G.711, 8000 Hz. */
export const CARRIED_CODECS = ['g722', 'gsm', 'g726', 'g729', 'ilbc', 'speex', 'slin'] as const;

export function isCarriedCodec(name: string): name is CarriedCodec {
  return CARRIED_CODECS.some((codec) => codec === name);
}

/** A way in which voice that can only be carried is coded, as one end describes it. */
export interface VoiceFormat {
  readonly codec: CarriedCodec;
  /** What `a=fmtp` says of it. */
  readonly parameters?: string;
}

/** A way in which pictures are coded, as one end describes it. What only RTP asks for may be absent. */
export interface VideoFormat {
  readonly codec: VideoCodec;
  /** What RTP calls it there. */
  readonly payloadType?: number;
  /** What `a=fmtp` says of it. */
  readonly parameters?: string;
  /** How a whole picture may be asked for, as in `a=rtcp-fb`: `nack pli`, `ccm fir`. */
  readonly feedback?: readonly string[];
}

/** What pictures are coded with; nothing here looks into them. */
export type VideoCodec = (typeof VIDEO_CODECS)[number];

export const VIDEO_CODECS = ['h261', 'h263', 'h263p', 'h264', 'vp8'] as const;

export function isVideoCodec(name: string): name is VideoCodec {
  return VIDEO_CODECS.some((codec) => codec === name);
}

export type Source =
  | { readonly kind: 'nothing' }
  /** What that stream's far end says. The stream itself: echo. */
  | { readonly kind: 'stream'; readonly stream: StreamId }
  /** From its beginning. `dbm0` is the level of each frequency; the default is the profile's comfortable −13 dBm0. */
  | { readonly kind: 'tone'; readonly pattern: TonePattern; readonly dbm0?: number }
  | RoomSource;

/**
 * What all others in a conference say; who hears a room is in it. A room is there as long as anybody is, and its id is
 * allotted as those of streams are.
 */
export interface RoomSource {
  readonly kind: 'room';
  readonly room: StreamId;
  /** Whether the room hears it, and whether it hears the room: muted, deaf. */
  readonly says: boolean;
  readonly hears: boolean;
  /** Volume of what it says and of what it hears, whole dB. */
  readonly sayDb: number;
  readonly hearDb: number;
}

export type RoomOrder =
  /** Played once, to its end, as if somebody in the room said it. Steps that are not `once` are played once all the same. */
  { readonly kind: 'sound'; readonly pattern: TonePattern } | { readonly kind: 'record'; readonly on: boolean };

export const NOTHING: Source = { kind: 'nothing' };

export type MediaEvent =
  /**
   * IAX2: this block must go as a full frame: the first of a stream, one after a change of codec, or the one after a
   * crossing of a 0x8000 boundary. `payload` belongs to the receiver. [RFC5456 §8.1.2]
   */
  | {
      readonly type: 'voice-full-due';
      readonly stream: StreamId;
      readonly timestamp: number;
      readonly format: number;
      readonly payload: Uint8Array;
    }
  /** IAX2: this packet of a picture must go as a full frame: the first, and one after each 0x8000 ms. [RFC5456 §8.1.3.1] */
  | {
      readonly type: 'video-full-due';
      readonly stream: StreamId;
      readonly timestamp: number;
      readonly format: number;
      /** It is the last one of its picture. */
      readonly marker: boolean;
      readonly payload: Uint8Array;
      /** Mini frames, whole, that were due before this was polled: they go behind it, whose format they need. */
      readonly minis: readonly Uint8Array[];
    }
  /** IAX2: a mini frame came before any full voice frame, or one of video before any of those: the leg answers VNAK. */
  | { readonly type: 'no-format'; readonly stream: StreamId }
  /** A town line: what its exchange says, ringback once per ring. */
  | { readonly type: 'progress-tone'; readonly stream: StreamId; readonly tone: ProgressTone }
  /** A town line: neither end has said anything for so long; once a minute. */
  | { readonly type: 'silence'; readonly stream: StreamId; readonly forMs: number }
  /** A town line: who calls; an empty text is withheld or not known. */
  | { readonly type: 'caller-id'; readonly stream: StreamId; readonly number: string; readonly name: string }
  /** A digit was detected in the audio of a line, or came as a telephone event: begin once it is certain, end when it stopped. */
  | { readonly type: 'digit-begin'; readonly stream: StreamId; readonly digit: string }
  | { readonly type: 'digit-end'; readonly stream: StreamId; readonly digit: string; readonly durationMs: number }
  /** RTP: the far end wants a whole picture of what it sees; at most once in half a second. */
  | { readonly type: 'picture-wanted'; readonly stream: StreamId }
  /** RTP: a hook flash came as a telephone event. [RFC4733 §3.2] */
  | { readonly type: 'flash'; readonly stream: StreamId }
  /** What was said in a room, up to 1 s of it in µ-law; `payload` belongs to the receiver. The last one may be empty. */
  | { readonly type: 'recorded'; readonly room: StreamId; readonly payload: Uint8Array; readonly last: boolean };

/** Counts since the stream was opened; times in ms. */
export interface StreamStatistics {
  readonly received: number;
  readonly sent: number;
  /** Blocks that should have come and did not. */
  readonly lost: number;
  readonly late: number;
  readonly outOfOrder: number;
  readonly dropped: number;
  /** Interarrival jitter as RTP measures it, smoothed. [RFC3550 §6.4.1] */
  readonly jitterMs: number;
  /** What the playout buffer adds now; 0 on a relayed stream. */
  readonly delayMs: number;
  /** Round trip and the far end's own view of us, as it has told them last: by RTCP, in a PONG; absent before. [RFC3550 §6.4.1] */
  readonly rttMs?: number;
  readonly farLostPct?: number;
  readonly farJitterMs?: number;
  /** How we sound there, where it says so: packets too late to be heard, and a mean opinion score, 1…5. [RFC3611 §4.7] */
  readonly farDiscardPct?: number;
  readonly farMos?: number;
}
