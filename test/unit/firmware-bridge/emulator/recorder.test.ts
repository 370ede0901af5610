import { expect, it } from 'vitest';
import { Recorder } from '../../../../firmware-bridge/emulator/recorder.ts';

it('puts silence in front of a sound that is shorter than asked for', () => {
  const recorder = new Recorder(8);
  recorder.append(Int16Array.of(1, 2, 3));
  expect([...recorder.last(5)]).toEqual([0, 0, 1, 2, 3]);
});

it('keeps the last samples only', () => {
  const recorder = new Recorder(4);
  recorder.append(Int16Array.of(1, 2, 3));
  recorder.append(Int16Array.of(4, 5, 6));
  expect([...recorder.last(4)]).toEqual([3, 4, 5, 6]);
  expect([...recorder.last(2)]).toEqual([5, 6]);
  expect([...recorder.last(100)]).toEqual([3, 4, 5, 6]);
  expect([...recorder.last(0)]).toEqual([]);
});
