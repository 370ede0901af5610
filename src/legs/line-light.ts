import type { Light } from '../../firmware-bridge/hat-client.ts';
import type { LineState } from '../lines/fxs-output.ts';

const DARK: Light = { colour: 'off', onMs: 0, offMs: 0 };
const READY: Light = { colour: 'green', onMs: 1_000, offMs: 0 };
const IN_USE: Light = { colour: 'green', onMs: 900, offMs: 300 };
const RINGING: Light = { colour: 'green', onMs: 150, offMs: 150 };
/** The branch is on its own: calls inside it still work. */
const ALONE: Light = { colour: 'amber', onMs: 1_000, offMs: 1_000 };
/** Somebody has to go and see. */
export const FAULT_LIGHT: Light = { colour: 'red', onMs: 1_000, offMs: 0 };

/** Every LED, while an emergency call stands. */
export const EMERGENCY_LIGHT: Light = { colour: 'red', onMs: 250, offMs: 250 };

/** Somebody has to go and see. */
export function isFault(state: LineState): boolean {
  return state === 'howler' || state === 'lockout';
}

/**
 * What the LED beside a line shows. The same grammar on every board: steady green is ready, a green wink is in use, fast
 * green rings, slow amber is ready without the centre, red is a handset left off the hook, dark is no line.
 */
export function lightOf(state: LineState, isAlone: boolean): Light {
  switch (state) {
    case 'idle':
      return isAlone ? ALONE : READY;
    case 'ringing':
      return RINGING;
    case 'howler':
    case 'lockout':
      return FAULT_LIGHT;
    case 'out-of-service':
      return DARK;
    default:
      return IN_USE;
  }
}
