/** Head and tail in cache lines of their own. */
const TAIL = 16;
const CONTROL_BYTES = 128;
/** Words: size, kind, length of the bytes, length of the text; then the numbers. */
const HEAD_BYTES = 16;
const NUMBERS = 6;
const HEADER_BYTES = HEAD_BYTES + NUMBERS * 8;
const ALIGNMENT = 8;
/** In place of a size: the rest up to the end is empty. */
const SKIP = -1;
const NO_BYTES = new Uint8Array(0);

/**
 * Records from one thread to another through shared memory, in order: one writer, one reader, neither ever waits. A record
 * is a kind, six numbers, bytes and a short text of ASCII. Nothing is allocated but for a text that is asked for.
 *
 * @example
 * const memory = RecordRing.memory(1 << 16);
 * new RecordRing(memory).push(KIND, 1, 2, 0, 0, 0, 0);   // one thread
 * const ring = new RecordRing(memory);                     // the other
 * while (ring.next()) use(ring.kind, ring.numbers[0]);
 */
export class RecordRing {
  /** Of the record that `next` found: valid until the following `next`. */
  kind = 0;
  readonly numbers = new Float64Array(NUMBERS);
  /** The ring's memory, in which the bytes stand at `at`. */
  readonly bytes: Uint8Array;
  at = 0;
  length = 0;

  private readonly words: Int32Array;
  private readonly floats: Float64Array;
  private readonly control: Int32Array;
  private readonly capacity: number;
  private textLength = 0;
  private lastText = '';
  /** Size of the record that is being read. */
  private reading = 0;

  constructor(memory: SharedArrayBuffer) {
    this.control = new Int32Array(memory, 0, CONTROL_BYTES / 4);
    this.capacity = memory.byteLength - CONTROL_BYTES;
    this.bytes = new Uint8Array(memory, CONTROL_BYTES);
    this.words = new Int32Array(memory, CONTROL_BYTES, this.capacity / 4);
    this.floats = new Float64Array(memory, CONTROL_BYTES, this.capacity / 8);
  }

  /** `capacity`: bytes for records that wait, a multiple of 8. */
  static memory(capacity: number): SharedArrayBuffer {
    return new SharedArrayBuffer(CONTROL_BYTES + capacity);
  }

  /**
   * Adds a record; false if there is no room for it. `reserve` is how much must be free behind it: what may be lost leaves
   * room for what must not.
   */
  push(
    kind: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    f: number,
    bytes: Uint8Array = NO_BYTES,
    at = 0,
    length = 0,
    text = '',
    reserve = 0,
  ): boolean {
    const size = roundUp(HEADER_BYTES + length + text.length);
    const place = this.placeFor(size, reserve);
    if (place < 0) return false;
    const word = place >> 2;
    this.words[word] = size;
    this.words[word + 1] = kind;
    this.words[word + 2] = length;
    this.words[word + 3] = text.length;
    const float = (place + HEAD_BYTES) >> 3;
    this.floats[float] = a;
    this.floats[float + 1] = b;
    this.floats[float + 2] = c;
    this.floats[float + 3] = d;
    this.floats[float + 4] = e;
    this.floats[float + 5] = f;
    const body = place + HEADER_BYTES;
    for (let i = 0; i < length; i++) this.bytes[body + i] = bytes[at + i]!;
    for (let i = 0; i < text.length; i++) this.bytes[body + length + i] = text.charCodeAt(i);
    Atomics.store(this.control, 0, (place + size) % this.capacity);
    return true;
  }

  /** Where `size` bytes fit without a break, or −1. The head never catches the tail up: equal means empty. */
  private placeFor(size: number, reserve: number): number {
    const head = Atomics.load(this.control, 0);
    const tail = Atomics.load(this.control, TAIL);
    const wanted = size + reserve;
    if (head < tail) return wanted < tail - head ? head : -1;
    const room = this.capacity - head;
    if (size <= room && wanted < room + tail) return head;
    if (wanted >= tail) return -1;
    this.words[head >> 2] = SKIP;
    return 0;
  }

  /** Whether `next` would find nothing. */
  get isEmpty(): boolean {
    return (Atomics.load(this.control, TAIL) + this.reading) % this.capacity === Atomics.load(this.control, 0);
  }

  /** Goes to the next record, which frees the one before; false if there is none. */
  next(): boolean {
    let tail = Atomics.load(this.control, TAIL);
    if (this.reading > 0) {
      tail = (tail + this.reading) % this.capacity;
      this.reading = 0;
      Atomics.store(this.control, TAIL, tail);
    }
    if (tail === Atomics.load(this.control, 0)) return false;
    if (this.words[tail >> 2] === SKIP) {
      tail = 0;
      Atomics.store(this.control, TAIL, 0);
    }
    const word = tail >> 2;
    this.reading = this.words[word]!;
    this.kind = this.words[word + 1]!;
    this.length = this.words[word + 2]!;
    this.textLength = this.words[word + 3]!;
    const float = (tail + HEAD_BYTES) >> 3;
    for (let i = 0; i < NUMBERS; i++) this.numbers[i] = this.floats[float + i]!;
    this.at = tail + HEADER_BYTES;
    return true;
  }

  /** The text of the record. */
  text(): string {
    const from = this.at + this.length;
    // Most records have the text of the one before, such as the address of a peer.
    if (this.isLastText(from)) return this.lastText;
    let text = '';
    for (let i = 0; i < this.textLength; i++) text += String.fromCharCode(this.bytes[from + i]!);
    this.lastText = text;
    return text;
  }

  private isLastText(from: number): boolean {
    const { lastText, textLength, bytes } = this;
    if (lastText.length !== textLength) return false;
    for (let i = 0; i < textLength; i++) if (lastText.charCodeAt(i) !== bytes[from + i]) return false;
    return true;
  }

  /** A copy of its bytes. */
  copy(): Uint8Array {
    return this.bytes.slice(this.at, this.at + this.length);
  }
}

function roundUp(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}
