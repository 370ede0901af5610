/**
 * Media formats. One format is a number with one bit set, µ-law 4, Opus 2^34: exact as a double, so it can be a subclass
 * and a `MediaPort` format. A set of formats is a `FormatMask`, a bigint, since the wire has 64 bits. [RFC5456 §8.7]
 */
export type FormatMask = bigint;

interface FormatRow {
  readonly bit: number;
  /** Position in the table that CODEC_PREFS counts by; its letter is that many after 'A'. */
  readonly order: number;
  readonly kind: 'audio' | 'video' | 'image' | 'text';
  /** Samples per second of audio. */
  readonly hz?: number;
}

/** Names as operators write them in `allow=`. Bits 4 and 11 are as Asterisk has them; the RFC names them crosswise. */
const FORMATS = {
  g723: { bit: 0, order: 1, kind: 'audio', hz: 8000 },
  gsm: { bit: 1, order: 2, kind: 'audio', hz: 8000 },
  ulaw: { bit: 2, order: 3, kind: 'audio', hz: 8000 },
  alaw: { bit: 3, order: 4, kind: 'audio', hz: 8000 },
  g726aal2: { bit: 4, order: 13, kind: 'audio', hz: 8000 },
  adpcm: { bit: 5, order: 6, kind: 'audio', hz: 8000 },
  /** Network byte order on the wire. */
  slin: { bit: 6, order: 7, kind: 'audio', hz: 8000 },
  lpc10: { bit: 7, order: 8, kind: 'audio', hz: 8000 },
  g729: { bit: 8, order: 9, kind: 'audio', hz: 8000 },
  speex: { bit: 9, order: 10, kind: 'audio', hz: 8000 },
  ilbc: { bit: 10, order: 12, kind: 'audio', hz: 8000 },
  g726: { bit: 11, order: 5, kind: 'audio', hz: 8000 },
  g722: { bit: 12, order: 14, kind: 'audio', hz: 16_000 },
  siren7: { bit: 13, order: 25, kind: 'audio', hz: 16_000 },
  siren14: { bit: 14, order: 26, kind: 'audio', hz: 32_000 },
  slin16: { bit: 15, order: 15, kind: 'audio', hz: 16_000 },
  jpeg: { bit: 16, order: 16, kind: 'image' },
  png: { bit: 17, order: 17, kind: 'image' },
  h261: { bit: 18, order: 18, kind: 'video' },
  h263: { bit: 19, order: 19, kind: 'video' },
  h263p: { bit: 20, order: 20, kind: 'video' },
  h264: { bit: 21, order: 21, kind: 'video' },
  mpeg4: { bit: 22, order: 22, kind: 'video' },
  vp8: { bit: 23, order: 38, kind: 'video' },
  t140red: { bit: 26, order: 23, kind: 'text' },
  t140: { bit: 27, order: 24, kind: 'text' },
  g719: { bit: 32, order: 28, kind: 'audio', hz: 48_000 },
  speex16: { bit: 33, order: 11, kind: 'audio', hz: 16_000 },
  opus: { bit: 34, order: 37, kind: 'audio', hz: 48_000 },
} as const satisfies Record<string, FormatRow>;

export type FormatName = keyof typeof FORMATS;

const ROWS = Object.entries(FORMATS) as [FormatName, FormatRow][];
const BY_FORMAT = new Map<number, FormatName>(ROWS.map(([name, row]) => [2 ** row.bit, name]));
/** The letter of place 0, which ends a list of preferences. */
const END_LETTER = 'A';
const BY_LETTER = new Map<string, number>(ROWS.map(([, row]) => [preferenceLetter(row), 2 ** row.bit]));

function preferenceLetter({ order }: FormatRow): string {
  return String.fromCharCode(END_LETTER.charCodeAt(0) + order);
}

/** Every name, in the order of the bits. */
export const FORMAT_NAMES: readonly FormatName[] = ROWS.map(([name]) => name);

export function isFormatName(name: string): name is FormatName {
  return Object.hasOwn(FORMATS, name);
}

/** The format of a name: µ-law 4, A-law 8. */
export function formatOf(name: FormatName): number {
  return 2 ** FORMATS[name].bit;
}

/** Undefined for a bit without a name and for what is not one bit. */
export function formatName(format: number): FormatName | undefined {
  return BY_FORMAT.get(format);
}

/** Samples per second, undefined for what is not audio or not known. */
export function sampleRateHz(format: number): number | undefined {
  const name = BY_FORMAT.get(format);
  return name === undefined ? undefined : (FORMATS[name] as FormatRow).hz;
}

export function isAudio(format: number): boolean {
  return sampleRateHz(format) !== undefined;
}

export function isVideo(format: number): boolean {
  const name = BY_FORMAT.get(format);
  return name !== undefined && FORMATS[name].kind === 'video';
}

export function maskOf(formats: Iterable<number>): FormatMask {
  let mask = 0n;
  for (const format of formats) mask |= BigInt(format);
  return mask;
}

/** The formats of a set, lowest bit first. */
export function formatsOf(mask: FormatMask): number[] {
  const formats: number[] = [];
  for (let bit = 0, rest = mask & MASK_64; rest > 0n; bit++, rest >>= 1n)
    if ((rest & 1n) === 1n) formats.push(2 ** bit);
  return formats;
}

const MASK_64 = 0xffff_ffff_ffff_ffffn;

export function includesFormat(mask: FormatMask, format: number): boolean {
  return (mask & BigInt(format)) !== 0n;
}

/** `(ulaw|alaw)`, as Asterisk's operators read it; a bit without a name as hex, the empty set as `(nothing)`. */
export function formatMaskText(mask: FormatMask): string {
  const names = formatsOf(mask).map((format) => formatName(format) ?? `0x${format.toString(16)}`);
  return `(${names.length === 0 ? 'nothing' : names.join('|')})`;
}

/** Asterisk sends no more preferences than these. */
const MAX_PREFERENCES = 31;

/** Formats in order of preference as the letters of CODEC_PREFS; a format without a letter is left out. [RFC5456 §8.6.35] */
export function encodePreferences(formats: readonly number[]): string {
  let letters = '';
  for (const format of formats) {
    const name = BY_FORMAT.get(format);
    if (name !== undefined && letters.length < MAX_PREFERENCES) letters += preferenceLetter(FORMATS[name]);
  }
  return letters;
}

/** The formats of CODEC_PREFS letters: `A` ends the list, an unknown letter or a second mention is passed over. */
export function decodePreferences(letters: string): number[] {
  const formats: number[] = [];
  for (const letter of letters) {
    if (letter === END_LETTER) break;
    const format = BY_LETTER.get(letter);
    if (format !== undefined && !formats.includes(format)) formats.push(format);
  }
  return formats;
}

/**
 * Whose order counts when a call comes in: the host's (ours) then the caller's, the caller's then ours, neither, or the
 * format that the caller asked for or none at all.
 */
export type CodecPriority = 'host' | 'caller' | 'disabled' | 'reqonly';

/** What is chosen when nobody's order decides, best first. */
const BEST: readonly number[] = (
  [
    'ulaw',
    'alaw',
    'g719',
    'siren14',
    'siren7',
    'g722',
    'slin16',
    'slin',
    'g726',
    'g726aal2',
    'adpcm',
    'gsm',
    'ilbc',
    'speex16',
    'speex',
    'opus',
    'lpc10',
    'g729',
    'g723',
  ] as const
).map(formatOf);

export interface Negotiation {
  readonly priority: CodecPriority;
  /** What we allow, in our order. */
  readonly ours: readonly number[];
  /** CAPABILITY(2), or FORMAT(2) where the caller sent no capability. */
  readonly capability: FormatMask;
  /** FORMAT(2): what the caller would like; 0n = not said. */
  readonly requested: FormatMask;
  /** CODEC_PREFS, decoded. */
  readonly preferences: readonly number[];
}

/** The audio format of an incoming call, undefined if there is none that both can: REJECT, cause 58. [RFC5456 §6.2.2] */
export function negotiate({ priority, ours, capability, requested, preferences }: Negotiation): number | undefined {
  const common = maskOf(ours.filter(isAudio)) & capability;
  const first = (formats: readonly number[], allowed = common) =>
    formats.find((format) => includesFormat(allowed, format));
  switch (priority) {
    case 'host':
      return first(ours) ?? first(preferences) ?? first(BEST);
    case 'caller':
      return first(preferences) ?? first(ours) ?? first(BEST);
    case 'disabled':
      return first(BEST, common & requested) ?? first(BEST);
    case 'reqonly':
      return first(BEST, common & requested);
  }
}

/** What the far end of a call can show of the pictures that we allow, in our order. */
export function commonVideo(ours: readonly number[], theirs: FormatMask): number[] {
  return ours.filter((format) => isVideo(format) && includesFormat(theirs, format));
}
