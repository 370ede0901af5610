import type { Cause } from '../../../src/base/causes.ts';
import type { MediaPort, RoomOrder, Source, StreamId } from '../../../src/base/media-port.ts';
import { parseTonePattern } from '../../../src/base/tone-pattern.ts';
import type {
  DialFailure,
  DialRequest,
  Indication,
  Leg,
  LegDialler,
  LegEvent,
  Signal,
  Technology,
} from '../../../src/switch/leg.ts';

const tone = (text: string) => parseTonePattern(text)!;

/** What a switch under test lets hear. */
export const TONES = {
  dial: tone('440'),
  ringback: tone('440/1500,0/3500'),
  busy: tone('440/500,0/500'),
  congestion: tone('440/250,0/250'),
  information: tone('950/330'),
};

/** Says in one word what a stream hears: `tone`, `nothing`, `3` (that stream), in the order it was told. */
export class RecordingMedia implements MediaPort {
  readonly hears = new Map<StreamId, Source>();
  readonly history: string[] = [];

  hear(stream: StreamId, source: Source): void {
    this.hears.set(stream, source);
    this.history.push(`${stream}<${source.kind === 'stream' ? source.stream : source.kind}`);
  }

  heardBy(stream: StreamId): number | string {
    const source = this.hears.get(stream);
    return source === undefined ? 'nothing' : source.kind === 'stream' ? source.stream : source.kind;
  }

  open(): void {}
  close(): void {}
  openVideo(): void {}
  requestPicture(): void {}
  closeVideo(): void {}
  playDigit(): void {}
  tellRoom(room: StreamId, order: RoomOrder): void {
    this.history.push(`${room}!${order.kind}${order.kind === 'record' ? ` ${order.on}` : ''}`);
  }
  playSignal(): void {}
  update(): void {}
  setFormat(): void {}
  noteSent(): void {}
  noteReceived(): void {}
  quelch(): void {}
  lastTimestamp(): number {
    return 0;
  }
  statistics(): undefined {
    return undefined;
  }
}

/** A leg that writes down what it was told; the test speaks for its far end. */
export class FakeLeg implements Leg {
  readonly told: string[] = [];
  readonly met: string[] = [];
  telephone: string | undefined;
  dialClass: Leg['dialClass'];
  forwards: number | undefined;

  constructor(
    readonly id: string,
    readonly stream: StreamId,
    readonly technology: Technology = 'line',
    telephone?: string,
  ) {
    this.telephone = telephone;
  }

  get channel(): string {
    return this.id;
  }
  indicate(progress: Indication): void {
    this.told.push(progress);
  }
  answer(): void {
    this.told.push('answer');
  }
  hangup(cause: Cause): void {
    this.told.push(`hangup ${cause}`);
  }
  hold(): void {
    this.told.push('hold');
  }
  unhold(): void {
    this.told.push('unhold');
  }
  sendDigit(digit: string, durationMs: number): void {
    this.told.push(`digit ${digit} ${durationMs}`);
  }
  flash(): void {
    this.told.push('flash');
  }
  sendText(text: string): void {
    this.told.push(`text ${text}`);
  }
  passOn({ technology, kind, code }: Signal): boolean {
    this.told.push(`signal ${technology} ${kind} ${code}`);
    return technology === this.technology;
  }

  meet(other: Leg): void {
    this.met.push(other.id);
  }
  reportTransfer(failure: Cause | undefined): void {
    this.told.push(`transfer ${failure ?? 'done'}`);
  }

  get last(): string | undefined {
    return this.told.at(-1);
  }

  get isToldToGo(): boolean {
    return this.told.some((word) => word.startsWith('hangup'));
  }
}

/** Dials fake legs; a resource in `failing` fails at once. */
export class FakeDialler implements LegDialler {
  readonly dialled: FakeLeg[] = [];
  readonly requests: DialRequest[] = [];

  constructor(private readonly failing: Readonly<Record<string, Cause>> = {}) {}

  dial(request: DialRequest): Leg | DialFailure {
    this.requests.push(request);
    const failed = this.failing[request.resource];
    if (failed !== undefined) return { failed, reason: 'It fails.' };
    const leg = new FakeLeg(`${request.technology}/${request.resource}`, request.stream, request.technology);
    this.dialled.push(leg);
    return leg;
  }
}

export const hungUp = (cause: Cause): LegEvent => ({ type: 'hangup', cause, reason: 'It hung up.' });
