/** Messages that wait in a mailbox. */
export interface MessageCount {
  readonly newMessages: number;
  readonly oldMessages: number;
}

/** Null and undefined: nothing is known of the mailbox. */
export function sameCount(a: MessageCount | null | undefined, b: MessageCount | null | undefined): boolean {
  return a?.newMessages === b?.newMessages && a?.oldMessages === b?.oldMessages;
}
