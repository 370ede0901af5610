import { expect, it } from 'vitest';
import { RtpTimeline } from '../../../src/media/rtp-timeline.ts';

it('begins at 0, and goes on behind the last packet when another source speaks, past the ends of both circles [RFC3550 §8]', () => {
  const timeline = new RtpTimeline();
  const places: [number, number][] = [];
  const say = (sequence: number, timestamp: number) => {
    timeline.follow(sequence, timestamp);
    places.push([timeline.sequence, timeline.position]);
  };
  timeline.change(7, 7, 160);
  say(0xffff, 0xffff_ff60);
  say(0, 0);
  // It overtook the one before it.
  say(2, 320);
  say(1, 160);
  say(3, 480);
  timeline.change(9000, 5, 320);
  say(9000, 5);
  say(9001, 165);
  expect(places).toEqual([
    [0, 0],
    [1, 160],
    [3, 480],
    [2, 320],
    [4, 640],
    [5, 960],
    [6, 1120],
  ]);
});
