import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LauncherBox } from '../support/launcher.ts';

let box: LauncherBox;
beforeEach(() => {
  box = new LauncherBox();
});
afterEach(() => box.dispose());

const starts = (count: number) => Array.from({ length: count }, () => box.launch());
const has = (name: string) => existsSync(join(box.releases, name));

describe('the launcher', () => {
  it('starts what was installed where no release was kept, however often that fails', () => {
    expect(new Set(starts(5))).toEqual(new Set(['1.0.0 installed']));
    expect([box.said, readdirSync(box.releases)]).toEqual(['', []]);
  });

  it('starts a kept release for as long as it ends of its own accord', () => {
    box.addRelease('1.1.0');
    box.write('current', '1.1.0\n');
    expect(new Set(starts(6))).toEqual(new Set(['1.1.0 current']));
    expect(box.said).toBe('');
  });

  it('starts the release before once a kept one has crashed three times in a row, and says so', () => {
    box.addRelease('1.1.0');
    box.addRelease('1.2.0', 'crashes');
    box.write('before', '1.1.0\n');
    box.write('current', '1.2.0\n');
    expect(starts(4)).toEqual(['1.2.0 current', '1.2.0 current', '1.2.0 current', '1.1.0 current']);
    expect(box.said).toBe('launch: the release 1.2.0 did not come up 3 times; the one before it starts\n');
    expect(readFileSync(join(box.releases, 'dropped'), 'utf8')).toBe('1.2.0\n');
    expect(has('before')).toBe(false);
    expect(new Set(starts(4))).toEqual(new Set(['1.1.0 current']));
  });

  it('starts what was installed once the release before has crashed as well', () => {
    box.addRelease('1.1.0', 'crashes');
    box.addRelease('1.2.0', 'crashes');
    box.write('before', '1.1.0\n');
    box.write('current', '1.2.0\n');
    expect(starts(8).slice(3)).toEqual([...Array(3).fill('1.1.0 current'), '1.0.0 installed', '1.0.0 installed']);
    expect(readdirSync(box.releases).sort()).toEqual(['1.1.0', '1.2.0', 'dropped']);
  });

  it.each([
    ['cannot be executed by anything', (path: string) => writeFileSync(path, '#!/nowhere/node\n')],
    ['is a broken file', (path: string) => writeFileSync(path, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0]))],
    ['is empty', (path: string) => writeFileSync(path, '')],
  ])('gives up a kept release whose program %s', (_, breakIt) => {
    box.addRelease('1.1.0');
    box.write('current', '1.1.0\n');
    breakIt(join(box.releases, '1.1.0/branchline.js'));
    expect(starts(4)).toEqual(['', '', '', '1.0.0 installed']);
    expect(has('dropped')).toBe(true);
  });

  it('starts the release before at once where a kept one is gone', () => {
    box.addRelease('1.1.0');
    box.addRelease('1.2.0');
    box.write('before', '1.1.0\n');
    box.write('current', '1.2.0\n');
    rmSync(join(box.releases, '1.2.0'), { recursive: true });
    expect(box.launch()).toBe('1.1.0 current');
    expect(box.said).toBe('launch: the release 1.2.0 is gone; the one before it starts\n');
  });

  it.each([
    ['ten minutes ago', () => Math.floor(Date.now() / 1000) - 601],
    ['in the future of a clock that was set back', () => Math.floor(Date.now() / 1000) + 3_600],
  ])('does not count starts %s', (_, at) => {
    box.addRelease('1.1.0', 'crashes');
    box.write('current', '1.1.0\n');
    box.write('starts', `1.1.0 ${at()}\n`.repeat(3));
    expect(starts(3)).toEqual(Array(3).fill('1.1.0 current'));
    expect(box.launch()).toBe('1.0.0 installed');
  });

  it('does not count a start that ended with the power, however often that goes', () => {
    box.addRelease('1.1.0', 'crashes');
    box.write('current', '1.1.0\n');
    const booted = Array.from({ length: 8 }, (_, n) => {
      box.boot = `boot-${n}`;
      return box.launch();
    });
    expect(new Set(booted)).toEqual(new Set(['1.1.0 current']));
    expect(box.said).toBe('');
  });

  it('counts the crashes before a power cut together with those behind it', () => {
    box.addRelease('1.1.0', 'crashes');
    box.write('current', '1.1.0\n');
    box.boot = 'one';
    expect(starts(3)).toEqual(Array(3).fill('1.1.0 current'));
    box.boot = 'two';
    expect(starts(2)).toEqual(['1.1.0 current', '1.0.0 installed']);
  });

  it('takes a start for a crash where an earlier launcher did not say in which start of the machine it was', () => {
    box.addRelease('1.1.0', 'crashes');
    box.write('current', '1.1.0\n');
    expect(starts(3)).toEqual(Array(3).fill('1.1.0 current'));
    box.boot = 'one';
    expect(box.launch()).toBe('1.0.0 installed');
  });

  it('counts what a power cut left of the count, and nothing of another release', () => {
    box.addRelease('1.1.0', 'crashes');
    box.write('current', '1.1.0\n');
    const now = Math.floor(Date.now() / 1000);
    box.write('starts', `1.0.9 ${now}\n1.1.0 \n1.1.0 08\n1.1.0 $(id)\n\0\0\n1.1.0 ${now}\n1.1.0 ${now}\n`);
    expect(starts(2)).toEqual(['1.1.0 current', '1.0.0 installed']);
  });

  it('goes on to the release before where the power went between its two steps', () => {
    box.addRelease('1.1.0');
    box.write('before', '1.1.0\n');
    box.write('dropped', '1.2.0\n');
    expect(box.launch()).toBe('1.1.0 current');
  });

  it('does not start a kept release again after a trial that failed, where that one has crashed', () => {
    box.addRelease('1.1.0', 'crashes');
    box.addRelease('1.2.0', 'crashes');
    box.write('current', '1.1.0\n');
    box.write('trial', '1.2.0\n');
    expect(starts(5)).toEqual(['1.2.0 trial', ...Array(3).fill('1.1.0 current'), '1.0.0 installed']);
  });
});
