/** Frequencies of the rows of a DTMF keypad, Hz. [ITU-T Q.23] */
export const ROW_HZ = [697, 770, 852, 941] as const;

/** Frequencies of its columns, Hz. */
export const COLUMN_HZ = [1209, 1336, 1477, 1633] as const;

/** The keypad, row by row. */
export const KEYPAD = '123A456B789C*0#D';

/** Row and column of a digit in one number, row × 4 + column; −1 for what is no digit. */
export function keyOf(digit: string): number {
  return digit.length === 1 ? KEYPAD.indexOf(digit.toUpperCase()) : -1;
}
