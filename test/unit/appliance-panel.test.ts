import { beforeEach, expect, it } from 'vitest';
import { type BoxFacts, BoxPanel, type BoxPanelOutput } from '../../src/appliance-panel.ts';

const KEYPAD = {
  '1': 'status',
  '2': 'night-mode',
  '9': 'identify',
  '7': 'adopt',
  '*': 'restart',
  '0': 'factory-reset',
} as const;
const WELL: BoxFacts = {
  ...{ isCentreReached: true, hasCalls: false, hasFault: false },
  ...{ isEarlierRelease: false, isAdopting: false },
};
let panel: BoxPanel;

beforeEach(() => {
  panel = new BoxPanel({ keypad: KEYPAD });
});

function outputs(): BoxPanelOutput[] {
  const all: BoxPanelOutput[] = [];
  for (let output = panel.poll(); output !== undefined; output = panel.poll()) all.push(output);
  return all;
}

const told = () => outputs().flatMap((output) => (output.type === 'tell' ? [output.what] : [output.type]));
const colours = (facts = WELL) => [1, 2, 3, 4].map((port) => panel.light(port, facts)?.colour);
const LINES = [undefined, undefined, undefined, undefined];

it('tells of every key, also of one that does nothing, when it goes down and when it is held', () => {
  panel.handleKey('5', 'down', 0);
  panel.handleKey('5', 'long', 1_000);
  panel.handleKey('5', 'up', 1_100);
  expect(told()).toEqual(['key-pressed', 'key-held']);
  expect(colours()).toEqual(LINES);
  expect(panel.nextDeadline()).toBeUndefined();
});

it('shows the status on the LEDs for a while: centre, calls, night, fault', () => {
  panel.handleKey('1', 'down', 0);
  expect(told()).toEqual(['key-pressed', 'lights', 'speak']);
  expect(colours()).toEqual(['green', 'off', 'off', 'green']);
  expect(colours({ ...WELL, isEarlierRelease: true })[3]).toBe('amber');
  expect(colours({ ...WELL, isCentreReached: false, hasCalls: true, hasFault: true })).toEqual([
    'amber',
    'white',
    'off',
    'red',
  ]);
  expect(colours({ ...WELL, isCentreReached: undefined })[0]).toBe('off');
  panel.handleTimeout(panel.nextDeadline()!);
  expect(colours()).toEqual(LINES);
  expect(panel.nextDeadline()).toBeUndefined();
});

it('turns night service on and off, and shows which', () => {
  panel.handleKey('2', 'down', 0);
  expect(told()).toEqual(['key-pressed', 'night', 'night-on', 'lights']);
  expect(panel.night.isNight).toBe(true);
  expect(colours()[2]).toBe('blue');
  panel.handleKey('2', 'down', 500);
  expect(told()).toEqual(['key-pressed', 'night', 'night-off', 'lights']);
  expect(panel.night.isNight).toBe(false);
});

it('identifies the box on every LED, for half a minute', () => {
  panel.handleKey('9', 'down', 0);
  expect(colours()).toEqual(['white', 'white', 'white', 'white']);
  expect(panel.light(1, WELL)?.offMs).toBeGreaterThan(0);
  panel.handleTimeout(29_999);
  expect(colours()[0]).toBe('white');
  panel.handleTimeout(30_000);
  expect(colours()).toEqual(LINES);
});

it('restarts when the key is held, not when it is pressed', () => {
  panel.handleKey('*', 'down', 0);
  expect(told()).toEqual(['key-pressed']);
  panel.handleKey('*', 'long', 1_000);
  expect(told()).toEqual(['key-held', 'restart', 'restart']);
});

it('opens adopt mode when the key is held; while it is open every LED blinks blue', () => {
  panel.handleKey('7', 'down', 0);
  panel.handleKey('7', 'long', 1_000);
  expect(told()).toEqual(['key-pressed', 'key-held', 'adopt']);
  expect(colours({ ...WELL, isAdopting: true })).toEqual(['blue', 'blue', 'blue', 'blue']);
  panel.handleKey('9', 'down', 2_000);
  expect(colours({ ...WELL, isAdopting: true })[0]).toBe('white');
});

it('resets when the key is held a second time within ten seconds, with every LED flashing red between', () => {
  panel.handleKey('0', 'long', 0);
  expect(told()).toEqual(['key-held', 'lights', 'factory-reset-asked']);
  expect(colours()).toEqual(['red', 'red', 'red', 'red']);
  panel.handleTimeout(10_000);
  expect(colours()).toEqual(LINES);
  panel.handleKey('0', 'long', 11_000);
  expect(told()).not.toContain('factory-reset');
  panel.handleKey('0', 'down', 12_000);
  panel.handleKey('0', 'long', 13_000);
  expect(told()).toEqual(['key-pressed', 'key-held', 'lights', 'factory-reset', 'factory-reset']);
  expect(panel.nextDeadline()).toBeUndefined();
});

it('takes another key between the two as a change of mind', () => {
  panel.handleKey('0', 'long', 0);
  panel.handleKey('1', 'down', 1_000);
  panel.handleKey('0', 'long', 2_000);
  expect(outputs().some(({ type }) => type === 'factory-reset')).toBe(false);
});

it('takes ten keys at once, in any order and for any time, and does of it only what a key held long enough asks for', () => {
  const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', 'A'];
  for (const key of keys) panel.handleKey(key, 'down', 0);
  expect(told().filter((what) => what === 'key-pressed')).toHaveLength(10);
  for (const key of keys.toReversed()) panel.handleKey(key, 'up', 200);
  panel.handleTimeout(120_000);
  expect(told()).not.toContain('restart');
  expect(told()).not.toContain('factory-reset');
  expect(panel.nextDeadline()).toBeUndefined();

  // A palm on the keypad is no order, however long it lies there.
  for (const key of ['0', '*', '5']) panel.handleKey(key, 'down', 130_000);
  for (const key of ['0', '*', '5']) panel.handleKey(key, 'long', 131_000);
  expect(told().filter((what) => what === 'restart' || what === 'lights')).toEqual([]);
  for (const key of ['0', '5']) panel.handleKey(key, 'up', 132_000);
  panel.handleKey('*', 'long', 133_000);
  expect(told()).toContain('restart');
  panel.handleTimeout(300_000);
  expect(panel.nextDeadline()).toBeUndefined();
});

it('knows of no key that was down when the HAT began anew', () => {
  panel.handleKey('5', 'down', 0);
  panel.releaseKeys();
  panel.handleKey('*', 'down', 1_000);
  panel.handleKey('*', 'long', 2_000);
  expect(told()).toContain('restart');
});
