/**
 * Exact fractions. Asterisk calculates in 80-bit floating point and prints 18 digits; a double would show 0.1 + 0.2 as
 * 0.30000000000000004, an exact fraction gives the digits that Asterisk gives.
 */
export class Rational {
  static readonly zero = new Rational(0n, 1n);
  static readonly one = new Rational(1n, 1n);

  private constructor(
    private readonly numerator: bigint,
    /** Above zero; the fraction is in its lowest terms. */
    private readonly denominator: bigint,
  ) {}

  /** Reads `12`, `-3.25`; undefined for anything else. */
  static parse(text: string): Rational | undefined {
    const [, sign, whole, fraction = ''] = /^\s*(-?)(\d+)(?:\.(\d+))?\s*$/.exec(text) ?? [];
    if (whole === undefined) return undefined;
    const digits = BigInt(whole + fraction);
    return Rational.of(sign === '-' ? -digits : digits, 10n ** BigInt(fraction.length));
  }

  /** The value that a double prints as; zero for one that is not finite. */
  static ofNumber(value: number): Rational {
    const [, sign, whole, fraction = '', exponent = '0'] =
      /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(String(value)) ?? [];
    if (whole === undefined) return Rational.zero;
    const digits = BigInt(`${sign}${whole}${fraction}`);
    const power = Number(exponent) - fraction.length;
    return power >= 0 ? Rational.of(digits * 10n ** BigInt(power), 1n) : Rational.of(digits, 10n ** BigInt(-power));
  }

  private static of(numerator: bigint, denominator: bigint): Rational {
    const divisor = greatestCommonDivisor(numerator < 0n ? -numerator : numerator, denominator);
    return new Rational(numerator / divisor, denominator / divisor);
  }

  get isZero(): boolean {
    return this.numerator === 0n;
  }

  negate(): Rational {
    return new Rational(-this.numerator, this.denominator);
  }

  add(other: Rational): Rational {
    const { numerator: n, denominator: d } = other;
    return Rational.of(this.numerator * d + n * this.denominator, this.denominator * d);
  }

  subtract(other: Rational): Rational {
    return this.add(other.negate());
  }

  multiply(other: Rational): Rational {
    return Rational.of(this.numerator * other.numerator, this.denominator * other.denominator);
  }

  /** `other` is not zero. */
  divide(other: Rational): Rational {
    const sign = other.numerator < 0n ? -1n : 1n;
    return Rational.of(this.numerator * other.denominator * sign, this.denominator * other.numerator * sign);
  }

  /** What is left after dividing by `other`, which is not zero; it has the sign of the dividend. */
  remainder(other: Rational): Rational {
    return this.subtract(other.multiply(this.divide(other).truncate()));
  }

  /** The whole part, towards zero. */
  truncate(): Rational {
    return new Rational(this.numerator / this.denominator, 1n);
  }

  /** Below, at or above zero as this is less than, equal to or greater than `other`. */
  compare(other: Rational): number {
    const difference = this.numerator * other.denominator - other.numerator * this.denominator;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }

  toNumber(): number {
    return Number(this.toString());
  }

  /** At most 18 significant digits, as C's `%.18Lg` prints them. */
  toString(): string {
    if (this.denominator === 1n && digitsOf(this.numerator) <= DIGITS) return this.numerator.toString();
    const sign = this.numerator < 0n ? '-' : '';
    const magnitude = this.numerator < 0n ? -this.numerator : this.numerator;
    let exponent = digitsOf(magnitude) - digitsOf(this.denominator);
    let digits = this.scaled(magnitude, DIGITS - 1 - exponent);
    if (digitsOf(digits) < DIGITS) digits = this.scaled(magnitude, DIGITS - 1 - --exponent);
    if (digitsOf(digits) > DIGITS) {
      exponent++;
      digits = this.scaled(magnitude, DIGITS - 1 - exponent);
    }
    const text = digits.toString();
    if (exponent < -4 || exponent >= DIGITS) {
      const power = Math.abs(exponent).toString().padStart(2, '0');
      return `${sign}${trimZeros(`${text[0]}.${text.slice(1)}`)}e${exponent < 0 ? '-' : '+'}${power}`;
    }
    if (exponent < 0) return `${sign}${trimZeros(`0.${'0'.repeat(-exponent - 1)}${text}`)}`;
    return `${sign}${trimZeros(`${text.slice(0, exponent + 1)}.${text.slice(exponent + 1)}`)}`;
  }

  /** magnitude / denominator × 10^power, rounded to the nearest whole. */
  private scaled(magnitude: bigint, power: number): bigint {
    const up = power > 0 ? magnitude * 10n ** BigInt(power) : magnitude;
    const down = power < 0 ? this.denominator * 10n ** BigInt(-power) : this.denominator;
    return (2n * up + down) / (2n * down);
  }
}

const DIGITS = 18;

function digitsOf(value: bigint): number {
  const text = value.toString();
  return text.startsWith('-') ? text.length - 1 : text.length;
}

function trimZeros(text: string): string {
  return text.replace(/\.?0+$/, '');
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a === 0n ? 1n : a;
}
