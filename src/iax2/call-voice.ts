import type { Address } from '../base/machine.ts';
import type { MediaPort, StreamId, StreamStatistics, TrunkMode } from '../base/media-port.ts';
import type { Reliable } from './reliable.ts';

/** Why our voice may be stopped for a while. */
type Hush = 'quelched' | 'key-change';

/** The stream of the media plane that carries one call's voice and its picture, if it has one: opened once the call is accepted, closed at its end. */
export class CallVoice {
  private isOpen = false;
  private format = 0;
  private trunk: TrunkMode | undefined;
  private videoFormats: readonly number[] = [];
  private readonly hushes = new Set<Hush>();

  constructor(
    private readonly media: MediaPort,
    readonly stream: StreamId,
    private readonly reliable: Reliable,
  ) {}

  /** `trunk`: the mode in which our voice shares datagrams with that of other calls. `videoFormats`: none is no picture. */
  open(format: number, videoFormats: readonly number[], trunk: TrunkMode | undefined, nowMs: number): void {
    this.format = format;
    this.videoFormats = videoFormats;
    this.trunk = trunk;
    this.openAt(this.reliable.remote, this.reliable.remoteCall, nowMs);
  }

  /** Goes on with another far end, of which we know nothing but where it is; who hears whom stays as it is. */
  move(remote: Address, remoteCall: number, what: 'call' | 'media', nowMs: number): void {
    this.trunk = undefined;
    this.openAt(remote, remoteCall, nowMs);
    // Its full frames go another way, so it will not say what it codes with: the same as before.
    if (what === 'media') this.media.setFormat(this.stream, this.format);
  }

  /** The same far end at another address. */
  follow(nowMs: number): void {
    if (!this.isOpen) return;
    this.openAt(this.reliable.remote, this.reliable.remoteCall, nowMs);
    this.media.setFormat(this.stream, this.format);
  }

  close(nowMs: number): void {
    if (this.isOpen) this.media.close(this.stream, nowMs);
    this.isOpen = false;
  }

  /** The far end's voice is coded otherwise from now on, and so is ours. */
  change(format: number): void {
    if (format === this.format) return;
    this.format = format;
    this.media.setFormat(this.stream, format);
  }

  hush(why: Hush, on: boolean): void {
    if (this.hushes.has(why) === on) return;
    if (on) this.hushes.add(why);
    else this.hushes.delete(why);
    if (this.isOpen) this.media.quelch(this.stream, this.hushes.size > 0);
  }

  noteSent(timestamp: number): void {
    if (this.isOpen) this.media.noteSent(this.stream, timestamp);
  }

  noteReceived(timestamp: number): void {
    if (this.isOpen) this.media.noteReceived(this.stream, timestamp);
  }

  get statistics(): StreamStatistics | undefined {
    return this.media.statistics(this.stream);
  }

  private openAt(remote: Address, remoteCall: number, nowMs: number): void {
    const { localCall, clock } = this.reliable;
    const { format, trunk } = this;
    const spec = { kind: 'iax2', remote, localCall, remoteCall, format, epochMs: clock.epochMs } as const;
    this.isOpen = true;
    this.media.open(this.stream, trunk === undefined ? spec : { ...spec, trunk }, nowMs);
    this.media.noteSent(this.stream, clock.lastSent);
    if (this.videoFormats.length === 0) return;
    const { epochMs } = clock;
    this.media.openVideo(
      this.stream,
      { kind: 'iax2', remote, localCall, remoteCall, epochMs, formats: this.videoFormats },
      nowMs,
    );
  }
}
