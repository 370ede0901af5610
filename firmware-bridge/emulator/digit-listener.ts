import { SAMPLE_RATE_HZ } from './sound.ts';

const KEYPAD = '123A456B789C*0#D';
const ROWS_HZ = [697, 770, 852, 941];
const COLUMNS_HZ = [1209, 1336, 1477, 1633];
const WINDOW = 160;
/** Of both frequencies in the energy of a window. */
const PURITY = 0.7;
const LEAST_MEAN_SQUARE = 300 ** 2;

/** The digit receiver of an emulated exchange: good for clean digits, which are all that it gets. */
export class DigitListener {
  private readonly window = new Float64Array(WINDOW);
  private candidate: string | undefined;
  private sounding: string | undefined;

  /** One block of what the telephone says; gives a digit once, when it is certain. */
  listen(block: Int16Array): string | undefined {
    this.window.copyWithin(0, block.length);
    this.window.set(block, WINDOW - block.length);
    const heard = this.recognise();
    const isNew = heard !== undefined && heard === this.candidate && heard !== this.sounding;
    if (heard === this.candidate) this.sounding = heard;
    this.candidate = heard;
    return isNew ? heard : undefined;
  }

  private recognise(): string | undefined {
    const energy = this.window.reduce((sum, sample) => sum + sample * sample, 0);
    if (energy < LEAST_MEAN_SQUARE * WINDOW) return undefined;
    const powers = (frequencies: readonly number[]) => frequencies.map((hz) => this.power(hz));
    const [rows, columns] = [powers(ROWS_HZ), powers(COLUMNS_HZ)];
    const [row, column] = [rows, columns].map((all) => all.indexOf(Math.max(...all))) as [number, number];
    // |X|² of a sine of peak P is (P · n / 2)², its energy P² · n / 2.
    const share = ((rows[row]! + columns[column]!) * 2) / WINDOW / energy;
    return share < PURITY ? undefined : KEYPAD[4 * row + column];
  }

  private power(hz: number): number {
    let [re, im] = [0, 0];
    const step = (2 * Math.PI * hz) / SAMPLE_RATE_HZ;
    for (let i = 0; i < WINDOW; i++) {
      re += this.window[i]! * Math.cos(step * i);
      im += this.window[i]! * Math.sin(step * i);
    }
    return re * re + im * im;
  }
}
