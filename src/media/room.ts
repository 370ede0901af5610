import { createMixer, type Mixer, SILENCE, TRANSCODE } from 'node-pcm-codecs';
import type { Law, MediaEvent, RoomOrder, RoomSource, StreamId } from '../base/media-port.ts';
import type { Queue } from '../base/queue.ts';
import { formatOf } from '../iax2/media-format.ts';
import { copyCodes } from './copy-codes.ts';
import { lawOfFormat } from './g711-format.ts';
import { gainTable } from './gain.ts';
import { meanMagnitude } from './magnitude.ts';
import { BLOCK_SAMPLES, type Listener, type MediaStream, TICK_MS } from './media-stream.ts';
import { SAMPLES_PER_MS } from './oscillator.ts';
import { PlayoutBuffer } from './playout-buffer.ts';
import { ToneGenerator } from './tone-generator.ts';

/** A room is mixed in blocks of a packet's length. */
const MIX_MS = 20;
const MIX_SAMPLES = MIX_MS * SAMPLES_PER_MS;
const BLOCK_MS = BLOCK_SAMPLES / SAMPLES_PER_MS;

/** Who may speak at the same time; nobody could tell more voices apart. */
const MAX_SPEAKERS = 128;

/** Of a block the mean of magnitudes, about −50 dBm0, that makes its member a speaker, and for how long it stays one. */
const SPEAKING = 50;
const SPEAKING_BLOCKS = 15;

/** Blocks that were slept through and are made up for by leaving them out; longer ago the buffers begin anew anyway. */
const MAX_MISSED = 25;

const SECOND_SAMPLES = 1000 * SAMPLES_PER_MS;

const FORMAT: Readonly<Record<Law, number>> = { ulaw: formatOf('ulaw'), alaw: formatOf('alaw') };
const SILENT: Readonly<Record<Law, Uint8Array>> = {
  ulaw: new Uint8Array(MIX_SAMPLES).fill(SILENCE.ulaw),
  alaw: new Uint8Array(MIX_SAMPLES).fill(SILENCE.alaw),
};

/** Somebody in a room: hears its stream, as the room does, and tells the stream what the others say. */
export class RoomMember implements Listener {
  late = 0;
  /** Its place in the mixer during a block; −1 = it does not speak. */
  slot = -1;
  readonly law: Law;
  private readonly playout: PlayoutBuffer;
  private readonly scratch = new Uint8Array(MIX_SAMPLES);
  private blockTimestamp = 0;
  private speaks = 0;

  constructor(
    readonly stream: MediaStream,
    public source: RoomSource,
    private readonly room: Room,
  ) {
    this.law = stream.law;
    this.playout = new PlayoutBuffer(this.law);
  }

  get id(): StreamId {
    return this.stream.id;
  }

  get delayMs(): number {
    return this.playout.delayMs;
  }

  hearPacket(
    bytes: Uint8Array,
    at: number,
    length: number,
    format: number,
    timestamp: number,
    _durationMs: number,
    nowMs: number,
  ): void {
    const from = lawOfFormat(format);
    if (from === undefined) return;
    const table = from === this.law ? undefined : TRANSCODE[from];
    // It is taken at the tick behind its arrival, and may have waited for as long as from one to the next.
    const earlyMs = TICK_MS + this.room.untilMix(nowMs);
    if (!this.playout.put(bytes, at, length, timestamp, table, earlyMs)) this.late++;
  }

  hearBlock(block: Uint8Array, law: Law): void {
    const table = law === this.law ? undefined : TRANSCODE[law];
    this.playout.put(block, 0, BLOCK_SAMPLES, this.blockTimestamp, table);
    this.blockTimestamp = (this.blockTimestamp + BLOCK_MS) >>> 0;
  }

  /** Fills a block with what it says; false if that is nothing that a room must hear. */
  say(block: Uint8Array): boolean {
    if (this.playout.isIdle) return false;
    this.playout.read(block);
    if (!this.source.says) return false;
    const gain = gainTable(this.law, this.source.sayDb);
    if (gain !== undefined) copyCodes(block, 0, MIX_SAMPLES, block, 0, gain);
    const known = gain === undefined ? this.playout.magnitude : -1;
    if ((known >= 0 ? known : meanMagnitude(block, this.law)) >= SPEAKING) this.speaks = SPEAKING_BLOCKS;
    else if (this.speaks > 0) this.speaks--;
    return this.speaks > 0;
  }

  hear(codes: Uint8Array, timestamp: number, nowMs: number): void {
    if (!this.source.hears) return;
    const gain = gainTable(this.law, this.source.hearDb);
    if (gain !== undefined) copyCodes(codes, 0, MIX_SAMPLES, this.scratch, 0, gain);
    const heard = gain === undefined ? codes : this.scratch;
    this.stream.hearPacket(heard, 0, MIX_SAMPLES, FORMAT[this.law], timestamp, MIX_MS, nowMs);
  }

  /** Blocks that nobody could wait for. */
  skip(count: number): void {
    for (let i = 0; i < count && !this.playout.isIdle; i++) this.playout.read(this.scratch);
  }
}

/** One conference: every member hears all others and not itself, in the law that it has. */
export class Room {
  readonly members: RoomMember[] = [];
  private readonly tone = new ToneGenerator('ulaw');
  private nextMixMs = Number.NEGATIVE_INFINITY;
  private recording: Uint8Array | undefined;
  private recorded = 0;

  constructor(
    readonly id: StreamId,
    private readonly mixer: Mixer,
    private readonly events: Queue<MediaEvent>,
  ) {}

  /** How long it is until the next block is mixed, ms. */
  untilMix(nowMs: number): number {
    return Math.max(0, Math.min(MIX_MS, Math.ceil(this.nextMixMs - nowMs)));
  }

  tell(order: RoomOrder): void {
    if (order.kind === 'sound') {
      this.tone.start({ steps: order.pattern.steps.map((step) => ({ ...step, once: true })) });
      return;
    }
    if (order.on) this.recording ??= new Uint8Array(SECOND_SAMPLES);
    else this.stopRecording();
  }

  /** The last one has left. */
  close(): void {
    this.stopRecording();
  }

  /** Mixes the block that is due; those that were slept through are left out. */
  tick(nowMs: number): void {
    if (nowMs < this.nextMixMs) return;
    const missed = this.nextMixMs === Number.NEGATIVE_INFINITY ? 0 : Math.floor((nowMs - this.nextMixMs) / MIX_MS);
    if (missed > 0) for (const member of this.members) member.skip(Math.min(missed, MAX_MISSED));
    this.nextMixMs = (Math.floor(nowMs / MIX_MS) + 1) * MIX_MS;
    const speakers = this.collect();
    if (speakers > 0) this.mixer.mix(speakers);
    this.record(speakers);
    const timestamp = Math.floor(nowMs / MIX_MS) * MIX_MS;
    for (let i = 0; i < this.members.length; i++) {
      const member = this.members[i]!;
      const { slot, law } = member;
      const codes = speakers === 0 ? SILENT[law] : slot < 0 ? this.mixer.everyone(law) : this.mixer.output(slot);
      member.hear(codes, timestamp >>> 0, nowMs);
    }
  }

  /** Puts what is said into the mixer, side by side; gives how many speak. */
  private collect(): number {
    const { mixer } = this;
    let speakers = 0;
    if (this.tone.playing) {
      mixer.setLaw(0, 'ulaw');
      this.tone.read(mixer.input(0));
      speakers = 1;
    }
    for (let i = 0; i < this.members.length; i++) {
      const member = this.members[i]!;
      member.slot = -1;
      if (speakers === mixer.members) member.skip(1);
      else if (member.say(mixer.input(speakers))) {
        mixer.setLaw(speakers, member.law);
        member.slot = speakers++;
      }
    }
    return speakers;
  }

  private record(speakers: number): void {
    if (this.recording === undefined) return;
    this.recording.set(speakers === 0 ? SILENT.ulaw : this.mixer.everyone('ulaw'), this.recorded);
    this.recorded += MIX_SAMPLES;
    if (this.recorded < this.recording.length) return;
    this.events.push({ type: 'recorded', room: this.id, payload: this.recording, last: false });
    this.recording = new Uint8Array(SECOND_SAMPLES);
    this.recorded = 0;
  }

  private stopRecording(): void {
    if (this.recording === undefined) return;
    const payload = this.recording.subarray(0, this.recorded);
    this.events.push({ type: 'recorded', room: this.id, payload, last: true });
    this.recording = undefined;
    this.recorded = 0;
  }
}

/** Every room that somebody is in. One mixer serves all, one after the other. */
export class Rooms {
  private readonly rooms = new Map<StreamId, Room>();
  /** To be recorded once the first one is in it, whose stream may not be open yet. */
  private readonly toRecord = new Set<StreamId>();
  private mixer: Mixer | undefined;

  constructor(private readonly events: Queue<MediaEvent>) {}

  get size(): number {
    return this.rooms.size;
  }

  join(stream: MediaStream, source: RoomSource): RoomMember {
    this.mixer ??= createMixer({ members: MAX_SPEAKERS, samples: MIX_SAMPLES });
    let room = this.rooms.get(source.room);
    if (room === undefined) {
      room = new Room(source.room, this.mixer, this.events);
      this.rooms.set(source.room, room);
      if (this.toRecord.delete(source.room)) room.tell({ kind: 'record', on: true });
    }
    const member = new RoomMember(stream, source, room);
    room.members.push(member);
    return member;
  }

  leave(member: RoomMember): void {
    const room = this.rooms.get(member.source.room);
    const at = room?.members.indexOf(member) ?? -1;
    if (room === undefined || at < 0) return;
    room.members.splice(at, 1);
    if (room.members.length > 0) return;
    room.close();
    this.rooms.delete(room.id);
  }

  tell(room: StreamId, order: RoomOrder): void {
    const found = this.rooms.get(room);
    if (found !== undefined) found.tell(order);
    else if (order.kind === 'record' && order.on) this.toRecord.add(room);
    else if (order.kind === 'record') this.toRecord.delete(room);
  }

  tick(nowMs: number): void {
    for (const room of this.rooms.values()) room.tick(nowMs);
  }
}
