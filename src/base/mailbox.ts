/** What a telephone's `mailbox` says: `box@peer`, or `peer` alone. */
export interface Mailbox {
  /** Whose box it is there; undefined: our own. */
  readonly box: string | undefined;
  /** By whose word it goes. */
  readonly keeper: string;
}

export function parseMailbox(mailbox: string): Mailbox {
  const at = mailbox.lastIndexOf('@');
  return { box: at > 0 ? mailbox.slice(0, at) : undefined, keeper: mailbox.slice(at + 1) };
}
