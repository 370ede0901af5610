import { utf8Decode } from '../base/bytes.ts';
import { parseDecimal } from './grammar.ts';
import { contentTypeOf, type Request, textBody } from './message.ts';

/** What an INFO asks for. [RFC6086] in the way of Cisco and others, which nobody wrote down. */
export type InfoSignal =
  | { readonly type: 'digit'; readonly digit: string; readonly durationMs: number }
  | { readonly type: 'flash' }
  | { readonly type: 'picture-wanted' };

const DEFAULT_MS = 160;
const LONGEST_MS = 10_000;
const BY_NUMBER: Readonly<Record<string, string>> = {
  10: '*',
  11: '#',
  12: 'A',
  13: 'B',
  14: 'C',
  15: 'D',
  16: 'flash',
};

const MEDIA_CONTROL = 'application/media_control+xml';

/** Bodies of INFO that are read here, in lower case. */
export const INFO_TYPES = [
  'application/dtmf-relay',
  'application/dtmf',
  'application/hook-flash',
  MEDIA_CONTROL,
] as const;

/** Reads a digit, a flash, or that a whole picture is wanted; undefined for anything else. */
export function parseInfo({ headers, body }: Pick<Request, 'headers' | 'body'>): InfoSignal | undefined {
  const text = utf8Decode(body).trim();
  switch (contentTypeOf(headers)) {
    case 'application/hook-flash':
      return { type: 'flash' };
    case MEDIA_CONTROL:
      return /<\s*picture_fast_update\b/.test(text) ? { type: 'picture-wanted' } : undefined;
    case 'application/dtmf':
      return signalOf(text, DEFAULT_MS);
    case 'application/dtmf-relay': {
      const [, signal = ''] = /^\s*Signal\s*=\s*(\S+)\s*$/im.exec(text) ?? [];
      const [, duration = ''] = /^\s*Duration\s*=\s*(\S+)\s*$/im.exec(text) ?? [];
      return signalOf(signal, parseDecimal(duration, LONGEST_MS) ?? DEFAULT_MS);
    }
    default:
      return undefined;
  }
}

function signalOf(text: string, durationMs: number): InfoSignal | undefined {
  const signal = BY_NUMBER[text] ?? text.toUpperCase();
  if (signal === 'HF' || signal === 'FLASH' || signal === 'flash' || signal === '!') return { type: 'flash' };
  return /^[0-9*#A-D]$/.test(signal) ? { type: 'digit', digit: signal, durationMs } : undefined;
}

export function infoBody(signal: InfoSignal): { readonly type: string; readonly bytes: Uint8Array } {
  if (signal.type === 'picture-wanted') return textBody(MEDIA_CONTROL, PICTURE_WANTED);
  const [text, durationMs] = signal.type === 'flash' ? ['hf', DEFAULT_MS] : [signal.digit, signal.durationMs];
  return textBody('application/dtmf-relay', `Signal=${text}\r\nDuration=${durationMs}\r\n`);
}

/** [RFC5168 §5] */
const PICTURE_WANTED =
  '<?xml version="1.0" encoding="utf-8" ?>\r\n<media_control><vc_primitive><to_encoder><picture_fast_update/></to_encoder></vc_primitive></media_control>\r\n';
