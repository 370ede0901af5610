/** Where the fields of C's `struct mmsghdr`, `struct iovec` and `struct cmsghdr` lie on Linux, in bytes from their beginning. */
export interface MessageLayout {
  readonly iovecBytes: number;
  readonly iovecLengthAt: number;
  readonly messageBytes: number;
  readonly nameLengthAt: number;
  readonly iovecAt: number;
  readonly iovecCountAt: number;
  readonly controlAt: number;
  readonly controlLengthAt: number;
  /** How many bytes were received or sent; it stands behind the seven fields of `struct msghdr`. */
  readonly lengthAt: number;
  /** A control message of one number: its level and type, its number, its length, and the room that it takes. */
  readonly controlLevelAt: number;
  readonly controlValueAt: number;
  readonly controlLength: number;
  readonly controlBytes: number;
}

/** Every field takes one word, with pointers of 8 bytes as with those of 4 (armhf): shorter ones are padded to it. */
export function messageLayout(pointerBytes: 4 | 8): MessageLayout {
  return {
    iovecBytes: 2 * pointerBytes,
    iovecLengthAt: pointerBytes,
    messageBytes: 8 * pointerBytes,
    nameLengthAt: pointerBytes,
    iovecAt: 2 * pointerBytes,
    iovecCountAt: 3 * pointerBytes,
    controlAt: 4 * pointerBytes,
    controlLengthAt: 5 * pointerBytes,
    lengthAt: 7 * pointerBytes,
    controlLevelAt: pointerBytes,
    controlValueAt: pointerBytes + 8,
    controlLength: pointerBytes + 8 + 2,
    controlBytes: 2 * pointerBytes + 8,
  };
}

/** Writes a word of the machine: an address or a size. */
export function writeWord(view: DataView, at: number, value: number, pointerBytes: 4 | 8): void {
  view.setUint32(at, value % 0x1_0000_0000, true);
  if (pointerBytes === 8) view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}

/** Reads a word of the machine up to 2⁵³. */
export function readWord(view: DataView, at: number, pointerBytes: 4 | 8): number {
  const low = view.getUint32(at, true);
  return pointerBytes === 8 ? low + 0x1_0000_0000 * view.getUint32(at + 4, true) : low;
}
