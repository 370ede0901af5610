import { DARK, type Light, type LightColour } from '../hat-client.ts';

/** Longer than any blinking: an LED that has not changed for this long is steady. */
const STEADY_MS = 3000;

/** Tells from what an LED shows, ms by ms, how it blinks. */
export class LightMeter {
  private now: LightColour = 'off';
  private forMs = 0;
  private lit: LightColour = 'off';
  private onMs = 0;
  private offMs = 0;

  /** One millisecond. */
  step(colour: LightColour): void {
    if (colour === this.now) {
      this.forMs++;
      return;
    }
    if (this.now === 'off') this.offMs = this.forMs;
    else this.onMs = this.forMs;
    if (colour !== 'off') this.lit = colour;
    this.now = colour;
    this.forMs = 1;
  }

  /** The light as it was told, as far as it can be seen: a blinking one once it has blinked. */
  get light(): Light {
    const blinks = this.onMs > 0 && this.offMs > 0 && this.offMs < STEADY_MS && this.forMs < STEADY_MS;
    if (blinks) return { colour: this.lit, onMs: this.onMs, offMs: this.offMs };
    return this.now === 'off' ? DARK : { colour: this.now, onMs: STEADY_MS, offMs: 0 };
  }
}
