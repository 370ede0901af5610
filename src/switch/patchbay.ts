import { type MediaPort, NOTHING, type RoomSource, type Source, type StreamId } from '../base/media-port.ts';
import { parseTonePattern } from '../base/tone-pattern.ts';

/** Who is held knows by this that the line is not dead. */
const HELD: Source = { kind: 'tone', pattern: parseTonePattern('440/80,0/120,440/80,0/7720')!, dbm0: -25 };

/** The calls of one telephone, by the streams that they know it by. */
export interface Standing {
  readonly places: readonly StreamId[];
  /** What it hears and says something to. */
  readonly active: StreamId | undefined;
  /** All its places talk together here. */
  readonly room: StreamId | undefined;
}

/**
 * Who hears whom. The switch patches every leg's stream here, and the patchbay sees that Local channels cost nothing:
 * the two halves of a Local channel have no audio of their own, so what is sent into one half is resolved to whoever
 * hears the other, and the media plane is told the short way round.
 */
export class Patchbay {
  private readonly wanted = new Map<StreamId, Source>();
  private readonly told = new Map<StreamId, Source>();
  private readonly partners = new Map<StreamId, StreamId>();

  /** By the stream of the telephone, and by those of its places. */
  private readonly standings = new Map<StreamId, Standing>();
  private readonly telephones = new Map<StreamId, StreamId>();

  /** Goes up whenever somebody hears something else. */
  changes = 0;

  constructor(private readonly media: MediaPort) {}

  /** What the far end of a stream hears, with no Local channel and no telephone's place in between. */
  heardBy(stream: StreamId): Source | undefined {
    return this.told.get(stream);
  }

  /** How a telephone that has several calls stands. Who is in none of the active ones is held. */
  stand(telephone: StreamId, standing: Standing, nowMs: number): void {
    this.forget(telephone);
    this.standings.set(telephone, standing);
    for (const place of standing.places) this.telephones.set(place, telephone);
    this.settle(nowMs);
  }

  /** The telephone is down; whoever heard it hears nothing of it. */
  leave(telephone: StreamId, nowMs: number): void {
    if (!this.standings.has(telephone)) return;
    this.forget(telephone);
    this.told.delete(telephone);
    this.settle(nowMs);
  }

  /** Whoever heard `from` hears `to`, and `to` hears what `from` did. */
  substitute(from: StreamId, to: StreamId, nowMs: number): void {
    this.wanted.set(to, this.wanted.get(from) ?? NOTHING);
    this.wanted.delete(from);
    for (const [listener, source] of this.wanted)
      if (source.kind === 'stream' && source.stream === from) this.wanted.set(listener, { kind: 'stream', stream: to });
    this.settle(nowMs);
  }

  private forget(telephone: StreamId): void {
    for (const place of this.standings.get(telephone)?.places ?? []) this.telephones.delete(place);
    this.standings.delete(telephone);
  }

  /** Declares two streams to be the halves of one Local channel. */
  pair(a: StreamId, b: StreamId): void {
    this.partners.set(a, b);
    this.partners.set(b, a);
  }

  /** What the far end of `stream` hears from now on. */
  hear(stream: StreamId, source: Source, nowMs: number): void {
    this.wanted.set(stream, source);
    // A tone asked for again begins again.
    const telephone = this.telephones.get(stream);
    if (telephone === undefined) this.told.delete(stream);
    else if (this.standings.get(telephone)?.active === stream) this.told.delete(telephone);
    // What others hear goes by this only where they hear through it.
    if (telephone === undefined && !this.partners.has(stream)) this.settleOne(stream, nowMs);
    else this.settle(nowMs);
  }

  /** The far end of `stream` waits. */
  hold(stream: StreamId, nowMs: number): void {
    this.hear(stream, HELD, nowMs);
  }

  bridge(a: StreamId, b: StreamId, nowMs: number): void {
    this.hear(a, { kind: 'stream', stream: b }, nowMs);
    this.hear(b, { kind: 'stream', stream: a }, nowMs);
  }

  /** Forgets a stream whose leg has ended; whoever heard it hears nothing. */
  release(stream: StreamId, nowMs: number): void {
    this.wanted.delete(stream);
    this.told.delete(stream);
    const partner = this.partners.get(stream);
    if (partner === undefined) this.silenceListenersOf(stream);
    else if (!this.wanted.has(partner)) {
      this.partners.delete(stream);
      this.partners.delete(partner);
      this.silenceListenersOf(stream);
      this.silenceListenersOf(partner);
    }
    this.settle(nowMs);
  }

  get size(): number {
    return this.wanted.size + this.partners.size + this.standings.size + this.telephones.size;
  }

  private silenceListenersOf(stream: StreamId): void {
    for (const [listener, source] of this.wanted) {
      if (source.kind === 'stream' && source.stream === stream) this.wanted.set(listener, NOTHING);
    }
  }

  private settle(nowMs: number): void {
    for (const stream of this.wanted.keys()) this.settleOne(stream, nowMs);
    for (const telephone of this.standings.keys()) if (!this.wanted.has(telephone)) this.settleOne(telephone, nowMs);
  }

  private settleOne(stream: StreamId, nowMs: number): void {
    if (this.partners.has(stream)) return;
    const standing = this.standings.get(stream);
    if (standing === undefined && this.telephones.has(stream)) return;
    const source = standing === undefined ? this.resolve(stream) : this.heardAt(standing);
    const before = this.told.get(stream);
    if (before !== undefined && sameSource(before, source)) return;
    this.told.set(stream, source);
    this.changes++;
    this.media.hear(stream, source, nowMs);
  }

  private heardAt({ active, room }: Standing): Source {
    if (room !== undefined) return inRoom(room);
    return active === undefined ? NOTHING : this.resolve(active);
  }

  /** What a place of a telephone says to whoever hears it. */
  private saidAt(place: StreamId, telephone: StreamId): Source {
    const standing = this.standings.get(telephone);
    if (standing?.room !== undefined) return inRoom(standing.room);
    return standing?.active === place ? { kind: 'stream', stream: telephone } : HELD;
  }

  private resolve(listener: StreamId): Source {
    let source = this.wanted.get(listener) ?? NOTHING;
    // Each step crosses a Local channel, and an echo crosses it twice; more steps than that mean that they form a ring.
    for (let steps = this.partners.size; source.kind === 'stream'; steps--) {
      const telephone = this.telephones.get(source.stream);
      if (telephone !== undefined) return this.saidAt(source.stream, telephone);
      const otherHalf = this.partners.get(source.stream);
      if (otherHalf === undefined) return source;
      if (steps <= 0) return NOTHING;
      source = this.wanted.get(otherHalf) ?? NOTHING;
    }
    return source;
  }
}

function inRoom(room: StreamId): Source {
  return { kind: 'room', room, says: true, hears: true, sayDb: 0, hearDb: 0 };
}

function sameSource(a: Source, b: Source): boolean {
  if (a.kind === 'stream' && b.kind === 'stream') return a.stream === b.stream;
  if (a.kind === 'tone' && b.kind === 'tone') return a.pattern === b.pattern && a.dbm0 === b.dbm0;
  if (a.kind === 'room' && b.kind === 'room') return sameRoom(a, b);
  return a.kind === b.kind;
}

function sameRoom(a: RoomSource, b: RoomSource): boolean {
  return a.room === b.room && a.says === b.says && a.hears === b.hears && a.sayDb === b.sayDb && a.hearDb === b.hearDb;
}
