import type { Cause } from '../base/causes.ts';
import { isCarriedCodec, isVideoCodec, type StreamId, type VideoFormat, type VoiceFormat } from '../base/media-port.ts';
import { Queue } from '../base/queue.ts';
import type { Call, CallEvent, CallFailure, PlaceCall } from '../iax2/call.ts';
import { type FormatName, formatName, formatOf, isVideo } from '../iax2/media-format.ts';
import { CONTROL_SUBCLASS, HTML_SUBCLASS } from '../iax2/subclass.ts';
import { lawOfFormat } from '../media/g711-format.ts';
import {
  type DialFailure,
  type DialRequest,
  type IncomingCall,
  type Indication,
  isRestricted,
  type Leg,
  type LegDialler,
  type LegEvent,
  type Signal,
} from '../switch/leg.ts';

export type Iax2LegOutput =
  | { readonly type: 'leg'; readonly leg: Leg; readonly event: LegEvent }
  | { readonly type: 'incoming'; readonly call: IncomingCall };

/** The IAX2 endpoint's calls as legs: `IAX2/[user[:secret]@]peer[/number[@context]]`. */
export class Iax2Legs implements LegDialler {
  private readonly outputs = new Queue<Iax2LegOutput>();
  private readonly legs = new Map<number, Iax2Leg>();

  constructor(
    private readonly placeCall: (request: PlaceCall, nowMs: number) => Call | CallFailure,
    /** Whether a peer is a telephone of ours, not a switch. */
    private readonly isTelephone: (peer: string) => boolean = () => false,
    /** What a peer may dial here. */
    private readonly dialClassOf: (peer: string) => Leg['dialClass'] = () => undefined,
  ) {}

  dial(request: DialRequest, nowMs: number): Leg | DialFailure {
    const target = parseIax2Resource(request.resource);
    if (target === undefined) return { failed: 'invalid-number-format', reason: 'IAX2/ needs a peer.' };
    const { caller, stream, codec, voices = [], video = [] } = request;
    const emergency = request.emergency !== undefined;
    const insist = request.emergency?.insist === true;
    const fits = (name: FormatName) => {
      if (isVideo(formatOf(name))) return video.some((format) => format.codec === name);
      if (codec !== undefined) return name === codec;
      return isHeardByAll(formatOf(name)) || voices.some((format) => format.codec === name);
    };
    const autoAnswer = target.autoAnswer === true || request.wantsAutoAnswer === true;
    const call = this.placeCall({ ...target, caller, stream, fits, emergency, insist, autoAnswer }, nowMs);
    if ('failed' in call) return call;
    return this.adopt(call);
  }

  handleCallEvent(call: Call, event: CallEvent, nowMs: number): void {
    if (event.type === 'incoming') {
      const { number, context, redirectingNumber, autoAnswer } = event.request;
      const redirecting = redirectingNumber === null ? {} : { redirecting: redirectingNumber };
      const caller = { ...event.request.caller, ...redirecting };
      const leg = this.adopt(call);
      leg.wantsAutoAnswer = autoAnswer;
      const party = isRestricted(caller.presentation) ? { ...caller, isWithheld: true } : caller;
      this.outputs.push({
        type: 'incoming',
        call: { leg, context, number: number === '' ? 's' : number, caller: party },
      });
      return;
    }
    const leg = this.legs.get(call.id);
    if (leg === undefined) return;
    if (event.type === 'hangup') this.legs.delete(call.id);
    const said = leg.translate(event, nowMs);
    if (said !== undefined) this.outputs.push({ type: 'leg', leg, event: said });
  }

  poll(): Iax2LegOutput | undefined {
    return this.outputs.shift();
  }

  get size(): number {
    return this.legs.size;
  }

  private adopt(call: Call): Iax2Leg {
    const telephone = this.isTelephone(call.peer) ? `IAX2/${call.peer}` : undefined;
    const leg = new Iax2Leg(call, telephone, this.dialClassOf(call.peer));
    this.legs.set(call.id, leg);
    return leg;
  }
}

class Iax2Leg implements Leg {
  readonly technology = 'iax2';
  readonly id: string;
  readonly channel: string;
  /** Why the far end refused before it was hung up for it: a BUSY frame has no cause of its own. */
  private refused: Cause | undefined;
  private up = false;
  wantsAutoAnswer = false;

  constructor(
    private readonly call: Call,
    readonly telephone: string | undefined,
    readonly dialClass: Leg['dialClass'],
  ) {
    this.id = `iax2-${call.id}`;
    this.channel = `IAX2/${call.peer}-${call.id}`;
  }

  get stream(): StreamId {
    return this.call.stream;
  }

  get codec(): string | undefined {
    const { format } = this.call;
    return format === 0 || isHeardByAll(format) ? undefined : formatName(format);
  }

  get carried(): VoiceFormat | undefined {
    const { codec } = this;
    return codec !== undefined && isCarriedCodec(codec) ? { codec } : undefined;
  }

  get video(): readonly VideoFormat[] {
    const formats: VideoFormat[] = [];
    for (const format of this.call.videoFormats) {
      const codec = formatName(format);
      if (codec !== undefined && isVideoCodec(codec)) formats.push({ codec });
    }
    return formats;
  }

  indicate(progress: Indication, nowMs: number): void {
    if (this.call.direction === 'incoming' && !this.up) this.call[progress](nowMs);
  }

  answer(nowMs: number): void {
    if (this.call.direction === 'outgoing' || this.up) return;
    this.up = true;
    this.call.answer(nowMs);
  }

  hangup(cause: Cause, nowMs: number): void {
    if (this.call.state === 'offered') this.call.reject(cause, nowMs);
    else this.call.hangup(cause, nowMs);
  }

  hold(nowMs: number): void {
    this.call.hold(nowMs);
  }

  unhold(nowMs: number): void {
    this.call.unhold(nowMs);
  }

  sendDigit(digit: string, durationMs: number, nowMs: number): void {
    this.call.sendDigit(digit, durationMs, nowMs);
  }

  flash(nowMs: number): void {
    this.call.flash(nowMs);
  }

  sendText(text: string, nowMs: number): void {
    this.call.sendText(text, nowMs);
  }

  requestPicture(nowMs: number): void {
    this.call.sendControl(CONTROL_SUBCLASS.VIDUPDATE, new Uint8Array(0), nowMs);
  }

  passOn({ technology, kind, code, payload }: Signal, nowMs: number): boolean {
    if (technology !== this.technology) return false;
    switch (kind as Frame) {
      case 'control':
        this.call.sendControl(code, payload, nowMs);
        break;
      case 'html':
        this.call.sendHtml(code, payload, nowMs);
        break;
      case 'image':
        this.call.sendImage(code, payload, nowMs);
        break;
      case 'comfort-noise':
        this.call.sendComfortNoise(code, nowMs);
        break;
    }
    return true;
  }

  /** Far ends that may are brought together; what is said between them does not pass here any more. */
  meet(other: Leg, nowMs: number): void {
    if (other instanceof Iax2Leg) this.call.bringTogether(other.call, nowMs);
  }

  /** TRANSFER has no answer of its own: that it is done shows by our HANGUP, that it is not by the call going on. */
  reportTransfer(): void {}

  translate(event: CallEvent, nowMs: number): LegEvent | undefined {
    switch (event.type) {
      case 'answered':
        this.up = true;
        return { type: 'answered' };
      case 'proceeding':
      case 'ringing':
      case 'progress':
      case 'unhold':
      case 'flash':
        return { type: event.type };
      case 'hold':
        return { type: 'hold' };
      case 'digit':
        return { type: 'digit', digit: event.digit, durationMs: event.durationMs };
      case 'text':
        return { type: 'text', text: event.text };
      case 'control':
        if (event.subclass === CONTROL_SUBCLASS.VIDUPDATE) return { type: 'picture-wanted' };
        return signal('control', event.subclass, event.payload);
      case 'image':
        return signal('image', event.format, event.payload);
      case 'comfort-noise':
        return signal('comfort-noise', event.level, new Uint8Array(0));
      case 'html':
        return signal('html', event.subclass, event.payload, NO_HTML);
      case 'transfer':
        return { type: 'transfer', context: event.context, number: event.number };
      case 'busy':
      case 'congestion':
        // The far end would play its tone until we go; the caller's own dialplan decides what the caller hears.
        if (this.up) return undefined;
        this.refused = event.type === 'busy' ? 'user-busy' : 'no-circuit';
        this.call.hangup(this.refused, nowMs);
        return undefined;
      case 'hangup':
        return { type: 'hangup', cause: this.refused ?? event.cause, reason: event.reason };
      default:
        return undefined;
    }
  }
}

/** What the legs of IAX2 calls carry to each other, by the kind of its frame. */
type Frame = 'control' | 'html' | 'image' | 'comfort-noise';

/** [RFC5456 §6.10.6] */
const NO_HTML: Signal = {
  technology: 'iax2',
  kind: 'html' satisfies Frame,
  code: HTML_SUBCLASS.NOSUPPORT,
  payload: new Uint8Array(0),
};

function signal(kind: Frame, code: number, payload: Uint8Array, refusal?: Signal): LegEvent {
  const said: Signal = { technology: 'iax2', kind, code, payload };
  return { type: 'signal', signal: refusal === undefined ? said : { ...said, refusal } };
}

/** Whether the media plane can make sound of it, and so whatever the other end needs. */
function isHeardByAll(format: number): boolean {
  return lawOfFormat(format) !== undefined;
}

/** Reads what stands behind `IAX2/`; undefined without a peer. */
export function parseIax2Resource(
  resource: string,
): Pick<PlaceCall, 'peer' | 'username' | 'secret' | 'number' | 'context' | 'autoAnswer'> | undefined {
  const slash = resource.indexOf('/');
  const left = slash < 0 ? resource : resource.slice(0, slash);
  const [right = '', options = ''] = slash < 0 ? [] : resource.slice(slash + 1).split('/');
  const at = left.lastIndexOf('@');
  const peer = left.slice(at + 1);
  if (peer === '') return undefined;
  const who = at < 0 ? '' : left.slice(0, at);
  const colon = who.indexOf(':');
  const username = colon < 0 ? who : who.slice(0, colon);
  const secret = colon < 0 ? '' : who.slice(colon + 1);
  const contextAt = right.indexOf('@');
  const number = contextAt < 0 ? right : right.slice(0, contextAt);
  const context = contextAt < 0 ? '' : right.slice(contextAt + 1);
  return {
    peer,
    number: number === '' ? 's' : number,
    ...(username === '' ? {} : { username }),
    ...(secret === '' ? {} : { secret }),
    ...(context === '' ? {} : { context }),
    ...(options.includes('a') ? { autoAnswer: true } : {}),
  };
}
