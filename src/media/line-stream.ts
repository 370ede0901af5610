import { SILENCE, TRANSCODE } from 'node-pcm-codecs';
import type { SignalStep } from '../base/line-signal.ts';
import type { Law, LineStreamSpec, Source, StreamId, StreamStatistics } from '../base/media-port.ts';
import { CallProgressDetector } from './call-progress.ts';
import { DtmfDetector } from './dtmf-detector.ts';
import { DtmfGenerator } from './dtmf-generator.ts';
import { FskReceiver } from './fsk-receiver.ts';
import { lawOfFormat } from './g711-format.ts';
import type { PlaneParts } from './iax2-stream.ts';
import { BLOCK_SAMPLES, type Listener, type MediaStream } from './media-stream.ts';
import { PlayoutBuffer } from './playout-buffer.ts';
import { SignalGenerator } from './signal-generator.ts';
import { SilenceWatch } from './silence-watch.ts';
import { ToneGenerator } from './tone-generator.ts';

/** Blocks of another line that may wait: lines of one HAT are exchanged in turn, so one is the rule. */
const WAITING_BLOCKS = 2;

/** One copper line: what it says and hears in blocks of 10 ms on the HAT's clock, its digits as events. */
export class LineStream implements MediaStream {
  readonly id: StreamId;
  readonly spec: LineStreamSpec;
  readonly listeners: Listener[] = [];
  late = 0;

  private readonly detector: DtmfDetector;
  private readonly progress: CallProgressDetector | undefined;
  private readonly callerId: FskReceiver | undefined;
  private readonly silenceWatch: SilenceWatch | undefined;
  private readonly digits: DtmfGenerator;
  private readonly tone: ToneGenerator;
  private readonly signal: SignalGenerator;
  private readonly playout: PlayoutBuffer;
  private readonly silence = new Uint8Array(BLOCK_SAMPLES);
  private readonly waiting = Array.from({ length: WAITING_BLOCKS }, () => new Uint8Array(BLOCK_SAMPLES));
  private firstWaiting = 0;
  private waitingCount = 0;
  private hears: 'nothing' | 'packets' | 'blocks' | 'tone' = 'nothing';
  private exchanged = 0;
  private dropped = 0;

  constructor(
    id: StreamId,
    spec: LineStreamSpec,
    private readonly parts: PlaneParts,
  ) {
    this.id = id;
    this.spec = spec;
    this.digits = new DtmfGenerator(spec.law);
    this.tone = new ToneGenerator(spec.law);
    this.signal = new SignalGenerator(spec.law);
    this.playout = new PlayoutBuffer(spec.law, spec.fax);
    this.silence.fill(SILENCE[spec.law]);
    if (spec.town !== undefined) {
      this.progress = new CallProgressDetector(spec.law, spec.town, (tone) =>
        parts.events.push({ type: 'progress-tone', stream: id, tone }),
      );
      this.silenceWatch = new SilenceWatch(spec.law, (forMs) =>
        parts.events.push({ type: 'silence', stream: id, forMs }),
      );
      this.callerId = new FskReceiver(spec.law, ({ number, name }) =>
        parts.events.push({ type: 'caller-id', stream: id, number, name }),
      );
    }
    this.detector = new DtmfDetector(spec.law, {
      onDigitBegin: (digit) => parts.events.push({ type: 'digit-begin', stream: id, digit }),
      onDigitEnd: (digit, durationMs) => parts.events.push({ type: 'digit-end', stream: id, digit, durationMs }),
    });
  }

  get law(): Law {
    return this.spec.law;
  }

  get delayMs(): number {
    return this.playout.delayMs;
  }

  /** One block of the line both ways: `up` is what it says, `down` is filled with what it hears. */
  exchange(up: Uint8Array, down: Uint8Array, nowMs: number): void {
    this.exchanged++;
    this.detector.process(up);
    this.progress?.process(up);
    this.callerId?.process(up);
    // A digit travels as an event; in the audio, too, it would be taken for two.
    const said = this.detector.muting && this.spec.fax !== true ? this.silence : up;
    for (let i = 0; i < this.listeners.length; i++) this.listeners[i]!.hearBlock(said, this.spec.law, nowMs);

    this.readSource(down);
    if (this.digits.active) this.digits.read(down);
    if (this.signal.active) this.signal.read(down);
    this.silenceWatch?.process(up, down);
  }

  private readSource(down: Uint8Array): void {
    switch (this.hears) {
      case 'nothing':
        down.fill(SILENCE[this.spec.law]);
        break;
      case 'tone':
        this.tone.read(down);
        break;
      case 'packets':
        this.playout.read(down);
        break;
      case 'blocks':
        this.readWaiting(down);
        break;
    }
  }

  setSource(source: Source): void {
    this.hears = source.kind === 'tone' ? 'tone' : 'nothing';
    this.tone.stop();
    this.signal.start([]);
    this.playout.reset();
    this.waitingCount = 0;
    if (source.kind === 'tone') this.tone.start(source.pattern, source.dbm0);
  }

  hearPacket(bytes: Uint8Array, at: number, length: number, format: number, timestamp: number): void {
    const from = lawOfFormat(format);
    if (from === undefined) {
      this.dropped++;
      this.parts.counters.increment('media.cannot-transcode');
      return;
    }
    this.hears = 'packets';
    const table = from === this.spec.law ? undefined : TRANSCODE[from];
    if (this.playout.put(bytes, at, length, timestamp, table)) return;
    this.late++;
    this.parts.counters.increment('media.late');
  }

  hearBlock(block: Uint8Array, law: Law): void {
    this.hears = 'blocks';
    if (this.waitingCount === WAITING_BLOCKS) {
      this.firstWaiting = (this.firstWaiting + 1) % WAITING_BLOCKS;
      this.waitingCount--;
    }
    const slot = this.waiting[(this.firstWaiting + this.waitingCount++) % WAITING_BLOCKS]!;
    const table = TRANSCODE[law];
    if (law === this.spec.law) slot.set(block);
    else for (let i = 0; i < BLOCK_SAMPLES; i++) slot[i] = table[block[i]!]!;
  }

  private readWaiting(down: Uint8Array): void {
    if (this.waitingCount === 0) {
      down.fill(SILENCE[this.spec.law]);
      return;
    }
    down.set(this.waiting[this.firstWaiting]!);
    this.firstWaiting = (this.firstWaiting + 1) % WAITING_BLOCKS;
    this.waitingCount--;
  }

  playDigit(digit: string, durationMs: number): void {
    if (!this.digits.play(digit, durationMs)) this.parts.counters.increment('media.digit-not-played');
  }

  /** Whoever talks is not heard meanwhile. */
  playSignal(steps: readonly SignalStep[]): void {
    this.signal.start(steps);
  }

  close(): void {}

  statistics(): StreamStatistics {
    return {
      received: this.exchanged,
      sent: this.exchanged,
      lost: 0,
      late: this.late,
      outOfOrder: 0,
      dropped: this.dropped,
      jitterMs: 0,
      delayMs: this.delayMs,
    };
  }
}
