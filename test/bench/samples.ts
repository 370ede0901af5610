/** Measured figures by subject and kind, and what is said of them: the median, with the extremes. */
export class Samples {
  private readonly figures = new Map<string, number[]>();

  add(subject: string, kind: string, figure: number): void {
    const key = `${subject}/${kind}`;
    const list = this.figures.get(key);
    if (list === undefined) this.figures.set(key, [figure]);
    else list.push(figure);
  }

  /** `12.3 (12.0–12.9)`, or a dash where nothing was measured. */
  median(subject: string, kind: string, digits: number): string {
    const sorted = [...(this.figures.get(`${subject}/${kind}`) ?? [])].sort((a, b) => a - b);
    const middle = (sorted.length - 1) / 2;
    const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
    if (sorted.length === 0) return '–';
    if (sorted.length === 1) return median.toFixed(digits);
    return `${median.toFixed(digits)} (${sorted[0]!.toFixed(digits)}–${sorted.at(-1)!.toFixed(digits)})`;
  }
}
