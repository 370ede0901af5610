import { copyBytes } from '../base/bytes.ts';
import { type ElementCodec, MAX_ELEMENT_LENGTH } from './element-value.ts';

const HEADER_LENGTH = 2;
/** More than nearly every frame has. */
const USUAL_LENGTH = 2048;

/** Writes information elements one behind the other, each where it will stay. One writer serves all frames in turn. */
export class ElementWriter {
  private bytes = new Uint8Array(USUAL_LENGTH);
  private length = 0;

  begin(): void {
    this.length = 0;
  }

  add<Value>(id: number, codec: ElementCodec<Value>, value: Value): void {
    const at = this.length;
    if (at + HEADER_LENGTH + MAX_ELEMENT_LENGTH > this.bytes.length) this.grow();
    const { bytes } = this;
    const length = codec.write(value, bytes, at + HEADER_LENGTH);
    bytes[at] = id;
    bytes[at + 1] = length;
    this.length = at + HEADER_LENGTH + length;
  }

  /** A copy of what was written since `begin`. */
  take(): Uint8Array {
    return copyBytes(this.bytes, 0, this.length);
  }

  private grow(): void {
    const larger = new Uint8Array(2 * this.bytes.length);
    larger.set(this.bytes);
    this.bytes = larger;
  }
}
