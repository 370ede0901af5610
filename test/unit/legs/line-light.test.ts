import { expect, it } from 'vitest';
import { lightOf } from '../../../src/legs/line-light.ts';

it.each([
  ['idle', false, 'green', 'steady'],
  ['idle', true, 'amber', 'blinks'],
  ['ringing', false, 'green', 'blinks'],
  ['ringing', true, 'green', 'blinks'],
  ['dial-tone', true, 'green', 'blinks'],
  ['talking', false, 'green', 'blinks'],
  ['howler', false, 'red', 'steady'],
  ['lockout', true, 'red', 'steady'],
  ['out-of-service', false, 'off', 'steady'],
] as const)('a line that is %s, alone: %s, shows %s and %s', (state, isAlone, colour, rhythm) => {
  const light = lightOf(state, isAlone);
  expect([light.colour, light.offMs === 0 ? 'steady' : 'blinks']).toEqual([colour, rhythm]);
});
