import type { MessageCount } from '../base/message-count.ts';
import { textBody } from './message.ts';

/** The event package for messages that wait. [RFC3842 §3.1] */
export const MESSAGE_SUMMARY = 'message-summary';
export const SUMMARY_TYPE = 'application/simple-message-summary';

/** What a phone lights its lamp by; how many of them are urgent nobody tells us. [RFC3842 §3.5, §5.2] */
export function summaryBody({ newMessages, oldMessages }: MessageCount): ReturnType<typeof textBody> {
  const waiting = newMessages > 0 ? 'yes' : 'no';
  return textBody(
    SUMMARY_TYPE,
    `Messages-Waiting: ${waiting}\r\nVoice-Message: ${newMessages}/${oldMessages} (0/0)\r\n`,
  );
}
