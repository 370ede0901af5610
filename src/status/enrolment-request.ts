import { base64Encode } from '../base/base64.ts';
import type { Machine } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { Timers } from '../base/timers.ts';
import {
  type Binding,
  type EnrolmentCode,
  type EnrolmentCrypto,
  enrolmentAnswerSchema,
  type OwnKey,
  offerSchema,
  openText,
  proofOf,
  sameProof,
} from './enrolment.ts';
import { type Fault, openEnvelope, type VerifySignature } from './signed.ts';

/** `refused`: head office said no, or the configuration may not run; another code is needed. */
export type EnrolmentState = 'no-code' | 'waiting-for-offer' | 'asking' | 'taking' | 'enrolled' | 'refused';

export type EnrolmentOutput =
  | { readonly type: 'subscribe'; readonly number: string }
  | { readonly type: 'send'; readonly number: string; readonly what: 'request' | 'result'; readonly payload: string }
  /** To be judged and kept; the answer is `handleTaken`. */
  | { readonly type: 'take'; readonly site: string; readonly config: string }
  | { readonly type: 'state'; readonly state: EnrolmentState; readonly reason: string | null };

export interface EnrolmentRequestOptions {
  readonly own: OwnKey;
  readonly crypto: EnrolmentCrypto;
  /** Checks what head office signs. */
  readonly verify: VerifySignature;
}

/** A request whose answer got lost is sent again. */
const ASK_AGAIN_MS = 5_000;

interface Asked extends Binding {
  readonly payload: string;
}

/** The box's side of an enrolment. */
export class EnrolmentRequest implements Machine<EnrolmentOutput> {
  private readonly outputs = new Queue<EnrolmentOutput>();
  private readonly timers = new Timers<'ask'>();
  private code: EnrolmentCode | undefined;
  private asked: Asked | undefined;
  /** The last that was seen. */
  private offer: { readonly number: string; readonly key: string } | undefined;
  private state: EnrolmentState = 'no-code';

  constructor(private readonly options: EnrolmentRequestOptions) {}

  /** Somebody gave a code. One that came before counts no longer, unless its configuration is being taken. */
  begin(code: EnrolmentCode, nowMs: number): void {
    if (this.state === 'taking' || this.state === 'enrolled') return;
    this.code = code;
    this.asked = undefined;
    this.timers.clearAll();
    this.become('waiting-for-offer', null);
    this.outputs.push({ type: 'subscribe', number: code.number });
    // What is retained comes with the first subscription only.
    if (this.offer?.number === code.number) this.take(code, this.offer.key, nowMs);
  }

  /** What stands under a number that was subscribed to; empty when it was withdrawn. */
  handleOffer(payload: string, nowMs: number): void {
    const opened = openEnvelope(payload, 'enrol', this.options.verify);
    const offer = 'fault' in opened ? undefined : offerSchema.safeParse(opened.content).data;
    if (offer === undefined) return;
    this.offer = offer;
    const { code } = this;
    const isWanted = this.state === 'waiting-for-offer' || this.state === 'asking';
    if (code !== undefined && isWanted && offer.number === code.number && offer.key !== this.asked?.offerKey)
      this.take(code, offer.key, nowMs);
  }

  handleAnswer(payload: string): void {
    const { code, asked } = this;
    if (code === undefined || asked === undefined || this.state !== 'asking') return;
    const text = openText(this.options.own, payload);
    const opened = text === undefined ? undefined : openEnvelope(text, 'enrol', this.options.verify);
    if (opened === undefined || 'fault' in opened) return;
    const answer = enrolmentAnswerSchema.safeParse(opened.content).data;
    if (answer === undefined || answer.number !== code.number || answer.nonce !== asked.nonce) return;
    if (answer.kind === 'refused') {
      this.end('refused', answer.reason);
      return;
    }
    const { site, config, key, proof } = answer;
    const expected = proofOf(this.options.crypto, code, 'answer', asked, `${site}\n${config}`);
    if (key !== asked.boxKey || !sameProof(proof, expected)) return;
    this.timers.clearAll();
    this.become('taking', null);
    this.outputs.push({ type: 'take', site, config });
  }

  /** The configuration is kept; or it may not run, and why. */
  handleTaken(errors: readonly Fault[]): void {
    const { code, asked } = this;
    if (code === undefined || asked === undefined || this.state !== 'taking') return;
    const { nonce, offerKey, number } = asked;
    const proof = proofOf(this.options.crypto, code, 'result', asked, JSON.stringify(errors));
    const box = this.options.crypto.seal(offerKey, JSON.stringify({ nonce, errors, proof }));
    if (box !== undefined)
      this.outputs.push({ type: 'send', number, what: 'result', payload: JSON.stringify({ box }) });
    const [first] = errors;
    if (first === undefined) this.end('enrolled', null);
    else this.end('refused', first.path === '' ? first.message : `${first.path}: ${first.message}`);
  }

  handleTimeout(nowMs: number): void {
    for (const _ of this.timers.due(nowMs)) this.ask(nowMs);
  }

  poll(): EnrolmentOutput | undefined {
    return this.outputs.shift();
  }

  nextDeadline(): number | undefined {
    return this.timers.next();
  }

  /** Makes the request for an offer, and asks with it. */
  private take(code: EnrolmentCode, offerKey: string, nowMs: number): void {
    const { own, crypto } = this.options;
    const nonce = base64Encode(crypto.randomBytes(16));
    const binding = { number: code.number, offerKey, boxKey: own.publicKey, nonce };
    const proof = proofOf(crypto, code, 'request', binding);
    const box = crypto.seal(offerKey, JSON.stringify({ key: own.publicKey, nonce, proof }));
    if (box === undefined) return;
    this.asked = { ...binding, payload: JSON.stringify({ box }) };
    this.ask(nowMs);
  }

  private ask(nowMs: number): void {
    const { asked } = this;
    if (asked === undefined) return;
    this.become('asking', null);
    this.timers.set('ask', nowMs + ASK_AGAIN_MS);
    this.outputs.push({ type: 'send', number: asked.number, what: 'request', payload: asked.payload });
  }

  private end(state: 'enrolled' | 'refused', reason: string | null): void {
    this.timers.clearAll();
    this.code = undefined;
    this.asked = undefined;
    this.become(state, reason);
  }

  private become(state: EnrolmentState, reason: string | null): void {
    if (state === this.state && reason === null) return;
    this.state = state;
    this.outputs.push({ type: 'state', state, reason });
  }
}
