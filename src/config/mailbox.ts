/** Whose word a telephone's `mailbox` goes by: of `box@peer` the peer. */
export function mailboxKeeper(mailbox: string): string {
  return mailbox.slice(mailbox.lastIndexOf('@') + 1);
}
