import type { LookUpNumber } from '../base/digit-collection.ts';
import type { CallTime } from './caller-id-message.ts';
import type { CountryProfile } from './country-profile.ts';
import type { CallerIdKind } from './country-table.ts';
import type { AutomaticCall } from './hot-line.ts';
import type { MessageLampKind } from './message-lamp.ts';

export interface FxsOptions {
  readonly profile: CountryProfile;
  /** Where dialled numbers are looked up. */
  readonly context: string;
  readonly lookUp: LookUpNumber;
  /** What it calls by itself when its handset is lifted. */
  readonly automatic?: AutomaticCall;
  /** What the display of the telephone understands; that of the country unless told, `none` for no display. */
  readonly callerId?: CallerIdKind | 'none';
  /** How the telephone is told that messages wait, beside its dial tone; undefined if it has no lamp. */
  readonly lamp?: MessageLampKind;
  /** The clock of the office; without it no display is set. */
  readonly localTime?: () => CallTime;
  /** The loop is reversed from answer to the end of a call, for meters and pay phones. */
  readonly reverseOnAnswer?: boolean;
  readonly times?: Partial<FxsTimes>;
}

/** All ms. */
export interface FxsTimes {
  readonly firstDigitMs: number;
  readonly incompleteMs: number;
  readonly matchMs: number;
  /** How long busy or congestion tone is heard before the howler. */
  readonly toneMs: number;
  readonly howlerMs: number;
}

/** What holds unless told. */
export const FXS_TIMES: FxsTimes = {
  firstDigitMs: 16_000,
  incompleteMs: 5_000,
  matchMs: 3_000,
  toneMs: 30_000,
  howlerMs: 30_000,
};
