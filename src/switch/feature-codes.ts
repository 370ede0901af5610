import type { Cause } from '../base/causes.ts';
import { parseTonePattern, type TonePattern } from '../base/tone-pattern.ts';
import type { Activity, ActivityResult, CallerSide } from './activity.ts';
import type { ForwardCase, StandingOrders } from './telephone-orders.ts';
import { Sounding } from './waiting.ts';

/** What an order sounds like that was taken: upwards for one that holds, downwards for one that was taken back. */
const HOLDS = parseTonePattern('!440/150,!620/300')!;
const TAKEN_BACK = parseTonePattern('!620/150,!440/300')!;
/** How long whoever gave an order has to hear that and to hang up. */
const CONFIRMED_MS = 5_000;

/** Do not disturb at the caller's telephone; `on` undefined: the other way round. */
export function orderDoNotDisturb(
  caller: CallerSide,
  orders: StandingOrders,
  on: boolean | undefined,
  nowMs: number,
): Activity | ActivityResult {
  const { telephone } = caller.leg;
  if (telephone === undefined) return { cause: 'facility-rejected' };
  const doNotDisturb = on ?? !orders.of(telephone).doNotDisturb;
  orders.change(telephone, { doNotDisturb });
  return confirm(caller, doNotDisturb ? HOLDS : TAKEN_BACK, nowMs);
}

/** Where calls of the caller's telephone go from now on in that case; null: nowhere else. */
export function orderForward(
  caller: CallerSide,
  parts: {
    readonly orders: StandingOrders;
    readonly forwardRefusal: (telephone: string, number: string) => Cause | undefined;
  },
  { when, number }: { readonly when: ForwardCase; readonly number: string | null },
  nowMs: number,
): Activity | ActivityResult {
  const { telephone } = caller.leg;
  if (telephone === undefined) return { cause: 'facility-rejected' };
  const refusal = number === null ? undefined : parts.forwardRefusal(telephone, number);
  if (refusal !== undefined) return { cause: refusal };
  parts.orders.change(telephone, { forward: { ...parts.orders.of(telephone).forward, [when]: number } });
  return confirm(caller, number === null ? TAKEN_BACK : HOLDS, nowMs);
}

function confirm(caller: CallerSide, sound: TonePattern, nowMs: number): Activity {
  caller.answer(nowMs);
  return new Sounding(caller, sound, undefined, CONFIRMED_MS);
}
