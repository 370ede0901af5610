import { utf8Decode } from '../base/bytes.ts';
import type { MessageCount } from '../base/message-count.ts';
import { isMalformed, type Malformed, malformed } from './malformed.ts';
import { textBody } from './message.ts';
import { isSipUri, parseUri, userOf } from './uri.ts';

/** The event package for messages that wait. [RFC3842 §3.1] */
export const MESSAGE_SUMMARY = 'message-summary';
export const SUMMARY_TYPE = 'application/simple-message-summary';

/** More messages than that are told as that many. */
const MOST = 0x7fff;

export interface MessageSummary {
  /** The user of `Message-Account`; undefined where it says none. */
  readonly account: string | undefined;
  readonly count: MessageCount;
}

/** What a phone lights its lamp by; how many of them are urgent nobody tells us. [RFC3842 §3.5, §5.2] */
export function summaryBody({ newMessages, oldMessages }: MessageCount): ReturnType<typeof textBody> {
  const waiting = newMessages > 0 ? 'yes' : 'no';
  return textBody(
    SUMMARY_TYPE,
    `Messages-Waiting: ${waiting}\r\nVoice-Message: ${newMessages}/${oldMessages} (0/0)\r\n`,
  );
}

/** Reads what somebody else says of a mailbox. One that only says that messages wait has one, as far as lamps go. */
export function parseSummary(body: Uint8Array): MessageSummary | Malformed {
  const fields = new Map<string, string>();
  for (const line of utf8Decode(body).split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const waiting = fields.get('messages-waiting')?.toLowerCase();
  if (waiting !== 'yes' && waiting !== 'no') return malformed('message-summary');
  const uri = parseUri(fields.get('message-account') ?? '');
  const account = isMalformed(uri) || !isSipUri(uri) ? undefined : userOf(uri);
  const voice = fields.get('voice-message');
  if (voice === undefined) return { account, count: { newMessages: waiting === 'yes' ? 1 : 0, oldMessages: 0 } };
  const [, fresh, old] = /^(\d{1,9})\s*\/\s*(\d{1,9})(?=\D|$)/.exec(voice) ?? [];
  if (fresh === undefined || old === undefined) return malformed('message-summary');
  return { account, count: { newMessages: Math.min(Number(fresh), MOST), oldMessages: Math.min(Number(old), MOST) } };
}
