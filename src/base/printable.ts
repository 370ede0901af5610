/**
 * Text from a document, a peer or a phone, made fit for one line of a terminal or a log: whatever could move the cursor,
 * break the line or turn the direction of writing becomes a dot.
 */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '·');
}
