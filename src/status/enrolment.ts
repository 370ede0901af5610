import { z } from 'zod';
import { toHex, utf8Encode } from '../base/bytes.ts';
import { faultSchema, parseJson } from './signed.ts';

/**
 * How a box without a configuration gets its first one. Head office offers an enrolment under a number, with a key that was
 * made for it and signed by the key that boxes trust. The box seals for that key who it is and a proof that it was given
 * the code; head office seals for the box, and signs, its configuration. So nobody who listens at the broker can try
 * codes, and who guesses aloud has five tries.
 */
export function enrolmentTopic(number: string, what: 'offer' | 'request' | 'answer' | 'result'): string {
  return `branchline-enrol/${number}/${what}`;
}

/** A code as people type it: four digits that name the offer, eleven that nobody can guess, one against slips. */
export interface EnrolmentCode {
  readonly number: string;
  /** All sixteen digits: what is proved. */
  readonly digits: string;
}

export const CODE_LENGTH = 16;
const NUMBER_LENGTH = 4;

/** A code of which nobody knows more than that it is one; `integer(n)` gives a whole number below n that cannot be guessed. */
export function makeCode(number: string, integer: (below: number) => number): EnrolmentCode {
  let digits = number;
  while (digits.length < CODE_LENGTH - 1) digits += integer(10);
  const check = [...'0123456789'].find((digit) => isWellTyped(digits + digit));
  return { number, digits: digits + check };
}

/** Blanks and dashes are passed over; undefined if it is no code, or one with a slip of the finger in it. */
export function parseCode(text: string): EnrolmentCode | undefined {
  const digits = text.replace(/[\s-]+/g, '');
  if (!/^\d{16}$/.test(digits) || !isWellTyped(digits)) return undefined;
  return { number: digits.slice(0, NUMBER_LENGTH), digits };
}

export function formatCode({ digits }: EnrolmentCode): string {
  return digits.replace(/(\d{4})(?=\d)/g, '$1-');
}

/** The sum that one wrong digit, and nearly every exchange of two, does not fit. [ISO/IEC 7812-1 Annex B] */
function isWellTyped(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** What is signed and retained under the number of an offer. */
export const offerSchema = z.strictObject({
  kind: z.literal('offer'),
  number: z.string().regex(/^\d{4}$/),
  key: z.string().describe('base64: what a request is sealed with; made for this offer'),
  expires: z.iso.datetime(),
});

/** Anything that only one reader can open. */
export const boxSchema = z.strictObject({ box: z.string().describe('base64, sealed for its one reader') });

/** What a box asks with, sealed for the offer. */
export const requestSchema = z.strictObject({
  key: z.string().describe('base64: the key of the box, that its secrets are sealed with'),
  nonce: z.string().describe('base64 of 16 bytes: of this request'),
  proof: z.string(),
});

/** What head office signs, and seals for the box. */
export const enrolmentAnswerSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('configuration'),
    number: z.string(),
    nonce: z.string(),
    key: z.string(),
    site: z.string(),
    config: z.string().describe('the configuration, YAML, its secrets sealed for the box'),
    proof: z.string(),
  }),
  z.strictObject({ kind: z.literal('refused'), number: z.string(), nonce: z.string(), reason: z.string() }),
]);

/** What became of it, sealed for the offer. */
export const enrolmentResultSchema = z.strictObject({
  nonce: z.string(),
  errors: z.array(faultSchema),
  proof: z.string(),
});

/** What of node:crypto both ends need; `io/` hands it in. */
export interface EnrolmentCrypto {
  randomBytes(length: number): Uint8Array;
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** Seals for the holder of a key; undefined if it is none. */
  seal(publicKey: string, text: string): string | undefined;
}

/** One's own key. */
export interface OwnKey {
  readonly publicKey: string;
  open(box: string): string | undefined;
}

/** What ties all of an enrolment together. */
export interface Binding {
  readonly number: string;
  readonly offerKey: string;
  readonly boxKey: string;
  readonly nonce: string;
}

/** That the code is known, of one message of one request and its content. */
export function proofOf(
  crypto: EnrolmentCrypto,
  code: EnrolmentCode,
  message: 'request' | 'answer' | 'result',
  { number, offerKey, boxKey, nonce }: Binding,
  content = '',
): string {
  const text = ['branchline-enrol-v1', message, number, offerKey, boxKey, nonce, content].join('\n');
  return toHex(crypto.hmacSha256(utf8Encode(code.digits), utf8Encode(text)));
}

/** Compares without telling, by the time it takes, how much was right. */
export function sameProof(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i % Math.max(1, b.length));
  return difference === 0;
}

/** What `payload` holds for us: undefined if it is no box, none that we can open, or none of what it should hold. */
export function openBox<Schema extends z.ZodType>(
  own: OwnKey,
  payload: string,
  schema: Schema,
): z.output<Schema> | undefined {
  const text = openText(own, payload);
  return text === undefined ? undefined : schema.safeParse(parseJson(text)).data;
}

/** As `openBox`, for what is not judged yet. */
export function openText(own: OwnKey, payload: string): string | undefined {
  if (payload.length > MAX_PAYLOAD) return undefined;
  const sealed = boxSchema.safeParse(parseJson(payload)).data;
  return sealed === undefined ? undefined : own.open(sealed.box);
}

const MAX_PAYLOAD = 1 << 20;
