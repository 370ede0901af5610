import { decode } from 'node-pcm-codecs';
import { beforeEach, describe, expect, it } from 'vitest';
import { sentencesOf } from '../../src/appliance-announcer.ts';
import { Speech } from '../../src/media/speech.ts';
import { Site } from '../support/branch-world.ts';
import { peer } from '../support/iax2-world.ts';
import { Network } from '../support/network.ts';

const KEYPAD = { '1': 'status' } as const;
const ABOUT = { version: '1.2.3', addresses: () => ['2001:db8::1', '192.0.2.20'] };

let network: Network;
let branch: Site;

beforeEach(() => {
  network = new Network(1);
  branch = new Site(network, {
    address: { ip: '192.0.2.20', port: 4569 },
    seed: 1,
    peers: [
      peer({ name: 'hq', host: '192.0.2.10', username: 'branch', context: 'office', register: { refreshS: 60 } }),
    ],
    extensions: ['201', '202'],
    dialplan: '[office]\nexten => 202,1,Dial(LINE/2)\n',
    keypad: KEYPAD,
    about: ABOUT,
  });
  network.runFor(1_000);
});

/** What the handset has heard, as far as it is this speech: how much of it came whole and in order. */
function shareHeard(port: number, sentences: ReturnType<typeof sentencesOf>): number {
  const speech = new Speech(sentences, 'alaw');
  const codes = new Uint8Array(speech.durationMs * 8);
  speech.read(codes);
  const said = new Int16Array(codes.length);
  decode('alaw', codes, said);
  const heard = branch.hat.phone(port)!.heard.last(60 * 8000);
  const loud = said.findIndex((sample) => Math.abs(sample) > 1000);
  for (let at = 0; at + said.length <= heard.length; at++) {
    if (heard[at + loud] !== said[loud] || heard[at + loud + 1] !== said[loud + 1]) continue;
    let same = 0;
    while (same < said.length && heard[at + same] === said[same]) same++;
    if (same > said.length / 2) return same / said.length;
  }
  return 0;
}

const STATUS = {
  ...{ version: '1.2.3', addresses: ABOUT.addresses(), isCentreReached: false, isNight: false, calls: 0, offHook: [] },
};
const state = (port: number) => branch.appliance.lineViews().get(port)!.status.state;

describe('the spoken status', () => {
  it('is what *** says on any line: centre, night service, calls, address and version', () => {
    expect(sentencesOf(STATUS).map((words) => words.join(' '))).toEqual([
      'head office is not reached',
      'night service off',
      'zero calls',
      'address one nine two point zero point two point two zero',
      'version one point two point three',
    ]);
    branch.hat.phone(2)!.lift();
    network.runFor(1_000);
    branch.hat.phone(2)!.dialTones('***');
    network.runFor(25_000);
    expect(shareHeard(2, sentencesOf(STATUS))).toBeGreaterThan(0.99);
    expect(branch.appliance.calls()).toEqual([]);
    branch.hat.phone(2)!.putDown();
    network.runFor(2_000);
    expect(state(2)).toBe('idle');
  });

  it('ends at once when the handset is put down, and can be asked for again', () => {
    for (let i = 0; i < 2; i++) {
      branch.hat.phone(2)!.lift();
      network.runFor(1_500);
      branch.hat.phone(2)!.dialTones('***');
      network.runFor(2_000);
      expect(state(2)).toBe('talking');
      branch.hat.phone(2)!.putDown();
      network.runFor(2_000);
      expect(state(2)).toBe('idle');
    }
  });

  it('rings the first line when the key for it is pressed, and is said to whoever answers', () => {
    branch.hat.press('1', 80);
    network.runFor(1_000);
    expect(state(1)).toBe('ringing');
    expect(branch.hat.phone(1)!.callerId).toEqual({ number: '***', name: 'Status' });
    branch.hat.phone(1)!.lift();
    network.runFor(25_000);
    expect(shareHeard(1, sentencesOf(STATUS))).toBeGreaterThan(0.99);
    branch.hat.phone(1)!.putDown();
    network.runFor(2_000);
    expect(state(1)).toBe('idle');
  });

  it('stops ringing when nobody answers, and leaves a line alone that is in use', () => {
    branch.hat.press('1', 80);
    network.runFor(21_000);
    expect(state(1)).toBe('idle');
    branch.hat.phone(1)!.lift();
    network.runFor(1_000);
    branch.hat.press('1', 80);
    network.runFor(1_000);
    expect(state(1)).toBe('dial-tone');
  });
});
