/**
 * The same text without the message that it was cut from: a cut is a view, and a name that is kept for an hour would
 * keep the whole datagram.
 */
export function detached(text: string): string {
  return ` ${text}`.slice(1);
}
