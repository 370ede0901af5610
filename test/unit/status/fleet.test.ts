import { describe, expect, it } from 'vitest';
import { Fleet, fillTemplate, resultOf, rollout, updateResultOf } from '../../../src/status/fleet.ts';
import type { Reported } from '../../../src/status/provisioning-record.ts';
import type { UpdateReported } from '../../../src/status/updating.ts';

const at = '2026-01-01T00:00:00.000Z';
const outcome = { revision: 7, by: 'head-office', user: null, state: 'applied', running: 7 } as const;
const reported: Reported = { ...outcome, changes: [], errors: [], at };

describe('Fleet', () => {
  it('is a picture of every appliance that ever said something', () => {
    const fleet = new Fleet();
    const say = (topic: string, body: object) => fleet.handleMessage(topic, JSON.stringify(body));
    say('branchline/lyon-01/state', { state: 'online', session: 's', at });
    say('branchline/lyon-01/health', {
      version: '1.0.0',
      uptimeMs: 1,
      cpuPct: 1,
      memoryMb: 80,
      temperatureC: null,
      at,
    });
    const line = { kind: 'fxs', hook: 'on', extension: '201', name: null, since: at, at };
    say('branchline/lyon-01/lines/1', { ...line, state: 'idle' });
    say('branchline/lyon-01/lines/2', { ...line, state: 'talking' });
    const trunk = { kind: 'iax2', rttMs: 1, lossPct: 0, address: null, reason: null, registration: null, at };
    say('branchline/lyon-01/trunks/hq', { ...trunk, reachable: true });
    say('branchline/lyon-01/trunks/backup', { ...trunk, reachable: false });
    say('branchline/lyon-01/config/reported', reported);
    const document = Buffer.from(JSON.stringify({ site: 'lyon-01', revision: 8, config: 'x: 1' })).toString('base64');
    say('branchline/lyon-01/config/desired', { document, signature: '', keyId: '' });
    say('branchline/graz-02/state', { state: 'offline', session: 't', at });
    expect(fleet.list().map(({ site, state }) => [site, state])).toEqual([
      ['graz-02', 'offline'],
      ['lyon-01', 'online'],
    ]);
    expect(fleet.find('lyon-01')).toMatchObject({
      version: '1.0.0',
      trunks: { reached: 1, all: 2 },
      lines: { inUse: 1, all: 2 },
      reported: { revision: 7, state: 'applied' },
      desired: { revision: 8, config: 'x: 1' },
    });
  });

  it('forgets what is cleared, and passes over what is no message of an appliance', () => {
    const fleet = new Fleet();
    expect(fleet.handleMessage('homeassistant/status', 'online')).toBeUndefined();
    expect(fleet.handleMessage('branchline/lyon-01/state', 'nonsense')).toBe('lyon-01');
    expect(fleet.find('lyon-01')).toMatchObject({ state: undefined, trunks: { all: 0 } });
    fleet.handleMessage('branchline/lyon-01/state', '');
    expect(fleet.list()).toEqual([]);
    expect(fleet.topicsOf('lyon-01')).toEqual({});
  });
});

describe('a push', () => {
  const push = { site: 'lyon-01', revision: 7 };

  it('ends with the report of its own revision', () => {
    expect(resultOf(push, undefined, false)).toBeUndefined();
    expect(resultOf(push, { ...reported, revision: 6 }, false)).toBeUndefined();
    expect(resultOf(push, { ...reported, state: 'pending-confirm' }, false)).toBeUndefined();
    expect(resultOf(push, { ...reported, state: 'pending-confirm' }, true)?.outcome).toBe('pending-confirm');
    const errors = [{ path: 'config:1:2', message: 'wrong' }];
    expect(resultOf(push, { ...reported, state: 'rejected', errors }, false)).toEqual({
      site: 'lyon-01',
      outcome: 'rejected',
      why: 'config:1:2: wrong',
    });
  });

  it('of a release ends with the report on its own command', () => {
    const update: UpdateReported = { id: 'u1', version: '1.1.0', state: 'applied', running: '1.1.0', errors: [], at };
    expect(updateResultOf('lyon-01', 'u1', undefined)).toBeUndefined();
    expect(updateResultOf('lyon-01', 'u2', update)).toBeUndefined();
    expect(updateResultOf('lyon-01', 'u1', { ...update, state: 'on-trial' })).toBeUndefined();
    const errors = [{ path: 'url', message: 'the disk is full' }];
    expect(updateResultOf('lyon-01', 'u1', { ...update, state: 'rejected', errors })).toEqual({
      ...{ site: 'lyon-01', outcome: 'rejected', why: 'url: the disk is full' },
    });
  });

  it('goes to a few first, then to so many at a time', () => {
    expect(rollout(['a', 'b', 'c', 'd', 'e'], 1, 2)).toEqual([['a'], ['b', 'c'], ['d', 'e']]);
    expect(rollout(['a', 'b'], 5, 2)).toEqual([['a', 'b']]);
    expect(rollout(['a', 'b', 'c'], 0, 2)).toEqual([['a', 'b'], ['c']]);
  });

  it('fills a template with the values of each site, leaves the dialplan alone, and names what is missing', () => {
    expect(fillTemplate(`id: {{site}}, Dial(\${DEVICE(\${EXTEN})})  # {{ host }}`, { site: 'a', host: 'h' })).toEqual({
      text: `id: a, Dial(\${DEVICE(\${EXTEN})})  # h`,
    });
    expect(fillTemplate('{{site}} {{toString}} {{x}}', { site: 'a' })).toEqual({ missing: ['toString', 'x'] });
  });
});
