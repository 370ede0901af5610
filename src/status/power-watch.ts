import type { Happening } from './event.ts';
import type { HealthStatus } from './schema.ts';

type Power = NonNullable<HealthStatus['power']>;

/** Each of these words is an event when it becomes true, and another when it is over. */
const FLAGS = [
  ['undervoltage', 'undervoltageSinceBoot', 'The supply is too weak.', 'The supply is strong enough again.'],
  ['throttled', 'throttledSinceBoot', 'The processor is slowed down.', 'The processor runs at its speed again.'],
] as const;

/** Finds in one health after the other what the machine says of its supply and its heat, and tells each change once. */
export class PowerWatch {
  private before: Power | undefined;

  /** What is to be told of a health. A dip between two of them shows in the flag that stands since the boot. */
  note(power: HealthStatus['power']): Happening[] {
    const { before } = this;
    if (power == null) return [];
    this.before = power;
    return FLAGS.flatMap(([flag, sinceBoot, bad, good]): Happening[] => {
      const was = before?.[flag] === true;
      const dipped = before?.[sinceBoot] === false && power[sinceBoot] === true;
      if (power[flag] === true ? !was : dipped && !was) return [happening(flag, 'warn', bad, power[flag] === true)];
      return was && power[flag] === false ? [happening(`${flag}-over`, 'info', good, false)] : [];
    });
  }
}

function happening(what: string, severity: 'info' | 'warn', message: string, lasts: boolean): Happening {
  return { kind: 'fault', what, severity, message, details: { lasts } };
}
