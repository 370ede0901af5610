import { type MediaPort, NOTHING, type RoomSource, type Source, type StreamId } from '../base/media-port.ts';

/**
 * Who hears whom. The switch patches every leg's stream here, and the patchbay sees that Local channels cost nothing:
 * the two halves of a Local channel have no audio of their own, so what is sent into one half is resolved to whoever
 * hears the other, and the media plane is told the short way round.
 */
export class Patchbay {
  private readonly wanted = new Map<StreamId, Source>();
  private readonly told = new Map<StreamId, Source>();
  private readonly partners = new Map<StreamId, StreamId>();

  constructor(private readonly media: MediaPort) {}

  /** Declares two streams to be the halves of one Local channel. */
  pair(a: StreamId, b: StreamId): void {
    this.partners.set(a, b);
    this.partners.set(b, a);
  }

  /** What the far end of `stream` hears from now on. */
  hear(stream: StreamId, source: Source, nowMs: number): void {
    this.wanted.set(stream, source);
    this.told.delete(stream); // a tone asked for again begins again
    this.settle(nowMs);
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
    return this.wanted.size + this.partners.size;
  }

  private silenceListenersOf(stream: StreamId): void {
    for (const [listener, source] of this.wanted) {
      if (source.kind === 'stream' && source.stream === stream) this.wanted.set(listener, NOTHING);
    }
  }

  private settle(nowMs: number): void {
    for (const stream of this.wanted.keys()) {
      if (this.partners.has(stream)) continue;
      const source = this.resolve(stream);
      const before = this.told.get(stream);
      if (before !== undefined && sameSource(before, source)) continue;
      this.told.set(stream, source);
      this.media.hear(stream, source, nowMs);
    }
  }

  private resolve(listener: StreamId): Source {
    let source = this.wanted.get(listener) ?? NOTHING;
    // Each step crosses a Local channel, and an echo crosses it twice; more steps than that mean that they form a ring.
    for (let steps = this.partners.size; source.kind === 'stream'; steps--) {
      const otherHalf = this.partners.get(source.stream);
      if (otherHalf === undefined) return source;
      if (steps <= 0) return NOTHING;
      source = this.wanted.get(otherHalf) ?? NOTHING;
    }
    return source;
  }
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
