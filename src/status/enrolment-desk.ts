import {
  type Binding,
  type EnrolmentCode,
  type EnrolmentCrypto,
  enrolmentResultSchema,
  type OwnKey,
  openBox,
  proofOf,
  requestSchema,
  sameProof,
} from './enrolment.ts';
import { formatFaults } from './signed.ts';

export interface EnrolmentDeskOptions {
  readonly site: string;
  readonly code: EnrolmentCode;
  /** Made for this offer. */
  readonly own: OwnKey;
  readonly crypto: EnrolmentCrypto;
  /** The configuration of the site, its secrets sealed for the box with this key. */
  readonly configurationFor: (boxKey: string) => string;
  /** A signed envelope of this content. */
  readonly sign: (content: object) => string;
}

export type DeskOutcome =
  | { readonly state: 'enrolled' }
  /** Withdrawn: the code is worth nothing any longer. */
  | { readonly state: 'failed'; readonly why: string };

/** What one request made of an offer. */
export interface DeskStep {
  /** To be published as the answer. */
  readonly answer?: string;
  /** Worth telling the operator. */
  readonly note?: string;
}

const MAX_WRONG = 5;

/** Head office's side of one enrolment: one code, one box, five tries. */
export class EnrolmentDesk {
  /** Undefined while it is open. */
  outcome: DeskOutcome | undefined;
  private wrong = 0;
  /** The box that has proved that it was given the code; no other is answered from then on. */
  private bound: (Binding & { readonly answer: string }) | undefined;

  constructor(private readonly options: EnrolmentDeskOptions) {}

  /** The key of the box that proved itself. */
  get boxKey(): string | undefined {
    return this.bound?.boxKey;
  }

  get offer(): object {
    const { code, own } = this.options;
    return { kind: 'offer', number: code.number, key: own.publicKey };
  }

  handleRequest(payload: string): DeskStep {
    if (this.outcome !== undefined) return {};
    const { own, code, crypto } = this.options;
    const request = openBox(own, payload, requestSchema);
    if (request === undefined) return {};
    const binding = { number: code.number, offerKey: own.publicKey, boxKey: request.key, nonce: request.nonce };
    if (!sameProof(request.proof, proofOf(crypto, code, 'request', binding))) return this.refuseProof(binding);
    if (this.bound !== undefined && this.bound.boxKey !== request.key)
      return this.refuse(
        binding,
        'this code was used by another box',
        'a second box came with its code; it was refused',
      );
    // The same box may ask anew, with its power cut between; what it asked before is answered alike.
    if (this.bound?.nonce === request.nonce) return { answer: this.bound.answer };
    return this.accept(binding);
  }

  handleResult(payload: string): void {
    const { bound, options } = this;
    if (this.outcome !== undefined || bound === undefined) return;
    const result = openBox(options.own, payload, enrolmentResultSchema);
    if (result === undefined || result.nonce !== bound.nonce) return;
    const expected = proofOf(options.crypto, options.code, 'result', bound, JSON.stringify(result.errors));
    if (!sameProof(result.proof, expected)) return;
    this.outcome =
      result.errors.length === 0 ? { state: 'enrolled' } : { state: 'failed', why: formatFaults(result.errors) };
  }

  /** The box was seen with its configuration: its result got lost. */
  handleSeen(boxKey: string | undefined): void {
    if (this.bound !== undefined && boxKey === this.bound.boxKey) this.outcome ??= { state: 'enrolled' };
  }

  /** Nobody came in time. */
  expire(): void {
    this.outcome ??= { state: 'failed', why: 'nobody came with its code in time' };
  }

  private accept(binding: Binding): DeskStep {
    const { site, code, crypto, configurationFor, sign } = this.options;
    const { number, nonce, boxKey } = binding;
    const config = configurationFor(boxKey);
    const proof = proofOf(crypto, code, 'answer', binding, `${site}\n${config}`);
    const content = { kind: 'configuration', number, nonce, key: boxKey, site, config, proof };
    const answer = this.sealed(boxKey, sign(content));
    if (answer === undefined) return {};
    const note = this.bound === undefined ? 'a box came with its code' : 'the box asks again';
    this.bound = { ...binding, answer };
    return { answer, note };
  }

  private refuseProof(binding: Binding): DeskStep {
    this.wrong++;
    if (this.wrong < MAX_WRONG)
      return this.refuse(binding, 'this is not the code', `a wrong code, ${this.wrong} of ${MAX_WRONG}`);
    const why = `${MAX_WRONG} wrong codes: somebody is guessing`;
    this.outcome = { state: 'failed', why };
    return this.refuse(binding, 'this is not the code, and the offer is withdrawn', why);
  }

  private refuse({ number, nonce, boxKey }: Binding, reason: string, note: string): DeskStep {
    const answer = this.sealed(boxKey, this.options.sign({ kind: 'refused', number, nonce, reason }));
    return { ...(answer === undefined ? {} : { answer }), note };
  }

  private sealed(boxKey: string, text: string): string | undefined {
    const box = this.options.crypto.seal(boxKey, text);
    return box === undefined ? undefined : JSON.stringify({ box });
  }
}
