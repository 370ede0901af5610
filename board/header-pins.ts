import type { HeaderPin } from './eeprom.ts';

/** What the HAT uses of the Pi's header; pin-map.md says what for. The two pins of the EEPROM are not among them. */
export const HEADER_PINS: ReadonlyMap<number, HeaderPin> = new Map<number, HeaderPin>([
  [14, { use: 'alt0', pull: 'none' }],
  [15, { use: 'alt0', pull: 'up' }],
  [16, { use: 'alt3', pull: 'up' }],
  [17, { use: 'alt3', pull: 'none' }],
  [22, { use: 'output', pull: 'none' }],
  [23, { use: 'input', pull: 'up' }],
  [24, { use: 'input', pull: 'up' }],
  [25, { use: 'input', pull: 'up' }],
]);
