import { EMERGENCY_NUMBERS, TEST_NUMBERS } from './numbers.ts';

/** One way out of the office that an emergency call may take. */
export interface EmergencyWay {
  /** Without a number: `LINE/4`, `IAX2/hq`, `SIP/backup`. */
  readonly channel: string;
  /** Who calls, as the emergency centre is to see it: the number that it has the address of. */
  readonly callerId?: string;
}

export interface EmergencySettings {
  readonly country: string;
  /** Besides the country's own. */
  readonly numbers: readonly string[];
  /** Town lines, `LINE/4`, in the order in which they are tried: before everything else. */
  readonly townLines: readonly string[];
  /** As configured; may name town lines, too. */
  readonly via: readonly EmergencyWay[];
  /** Trunks that are registered somewhere, tried when nothing else is left. */
  readonly otherTrunks: readonly string[];
  /** Extensions that are rung to be told. */
  readonly notify: readonly string[];
}

export interface EmergencyMatch {
  /** What goes out: an outside-line prefix is gone. */
  readonly number: string;
  /** A number for trying the way out: nobody is alarmed. */
  readonly isTest: boolean;
}

/** What dialled digits are to the emergency lane. */
export interface EmergencyLookup {
  readonly match: EmergencyMatch | undefined;
  /** With more digits it may be an emergency number. */
  readonly canGrow: boolean;
}

/** Which numbers are emergency calls here, and which ways they go. Immutable. */
export class EmergencyPlan {
  /** Every number, the country's first. */
  readonly numbers: readonly string[];
  readonly ways: readonly EmergencyWay[];
  readonly notify: readonly string[];
  private readonly tests: ReadonlySet<string>;

  constructor({ country, numbers, townLines, via, otherTrunks, notify }: EmergencySettings) {
    const tests = TEST_NUMBERS[country as keyof typeof EMERGENCY_NUMBERS] ?? [];
    this.numbers = [...new Set([...numbersOf(country), ...tests, ...numbers])];
    this.tests = new Set(tests);
    this.ways = order(townLines, via, otherTrunks);
    this.notify = notify;
  }

  /** `prefixes` are the outside-line prefixes of the caller's context. */
  lookUp(digits: string, prefixes: readonly string[]): EmergencyLookup {
    let match: EmergencyMatch | undefined;
    let canGrow = false;
    for (const prefix of ['', ...prefixes]) {
      for (const number of this.numbers) {
        const whole = prefix + number;
        if (whole === digits) match ??= { number, isTest: this.tests.has(number) };
        else canGrow ||= whole.startsWith(digits);
      }
    }
    return { match, canGrow };
  }
}

/** The numbers of a country, without its test numbers; none for a code that the table does not have. */
export function numbersOf(country: string): readonly string[] {
  return EMERGENCY_NUMBERS[country as keyof typeof EMERGENCY_NUMBERS] ?? [];
}

/** Town lines, then `via` as written, then the other trunks; each channel once. */
function order(
  townLines: readonly string[],
  via: readonly EmergencyWay[],
  otherTrunks: readonly string[],
): EmergencyWay[] {
  const ways = new Map<string, EmergencyWay>();
  for (const way of via) if (townLines.includes(way.channel)) ways.set(way.channel, way);
  for (const channel of townLines) if (!ways.has(channel)) ways.set(channel, { channel });
  for (const way of via) if (!ways.has(way.channel)) ways.set(way.channel, way);
  for (const channel of otherTrunks) if (!ways.has(channel)) ways.set(channel, { channel });
  return [...ways.values()];
}
