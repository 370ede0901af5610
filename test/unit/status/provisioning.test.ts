import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Provisioning, type ProvisioningOutput } from '../../../src/status/provisioning.ts';
import {
  NEVER_PROVISIONED,
  type ProvisioningRecord,
  type Reported,
  recordSchema,
  settleStart,
} from '../../../src/status/provisioning-record.ts';
import { signedBytes } from '../../../src/status/signed.ts';

const ops = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519');

function envelope(content: object | string, key: KeyObject = ops.privateKey, domain: 'config' | 'command' = 'config') {
  const bytes = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  return JSON.stringify({
    document: bytes.toString('base64'),
    signature: sign(null, signedBytes(domain, bytes), key).toString('base64'),
    keyId: 'ops',
  });
}

const document = (revision: number, more: object = {}) =>
  envelope({ site: 'lyon-01', revision, confirmWithin: '60s', config: `config ${revision}`, ...more });

/** A box: what is on its disk, what runs, and what the broker was told. A kill leaves the disk. */
class Box {
  disk: ProvisioningRecord = NEVER_PROVISIONED;
  diskFails = false;
  running: string | null = null;
  cannotRun: string | undefined;
  trunks: string[] = ['hq'];
  /** Every configuration that was ever made to run. */
  readonly applied: (string | null)[] = [];
  readonly told: Reported[] = [];
  brokerReached = true;
  /** Digest of the configuration file. */
  file = 'file 1';
  nowMs = 0;
  machine: Provisioning;
  private readonly points: string[] = [];

  constructor(private killAt?: string) {
    this.machine = this.create();
  }

  private create(): Provisioning {
    return new Provisioning(
      {
        site: 'lyon-01',
        verify: (bytes, signature) => verify(null, bytes, ops.publicKey, signature),
        judge: (config) =>
          config.includes('bad')
            ? { faults: [{ path: 'config:1:1', message: 'it is bad' }] }
            : { changes: ['~ dialplan'], trunks: ['hq', 'backup'] },
        reach: () => ({ trunks: this.trunks, broker: this.brokerReached }),
        file: () => this.file,
        wallTime: () => '2026-01-01T00:00:00.000Z',
      },
      this.disk,
    );
  }

  /** The power comes back: what runs is what the disk says. */
  restart(): void {
    this.killAt = undefined;
    this.disk = recordSchema.parse(JSON.parse(JSON.stringify(this.disk)));
    this.disk = settleStart(this.disk, '2026-01-01T00:01:00.000Z');
    this.running = this.disk.good?.config ?? null;
    this.machine = this.create();
    this.drain();
  }

  desire(payload: string): void {
    this.machine.handleDesired(payload);
    this.drain();
  }

  /** A change at the panel. */
  propose(config: string, user: string | null = 'admin'): ReturnType<Provisioning['propose']> {
    const faults = this.machine.propose({ config, user, confirmWithinMs: 60_000 });
    this.drain();
    return faults;
  }

  wait(ms: number): void {
    const until = this.nowMs + ms;
    for (let at = this.machine.nextDeadline(); at !== undefined && at <= until; at = this.machine.nextDeadline()) {
      this.nowMs = at;
      this.machine.handleTimeout(at);
      this.drain();
    }
    this.nowMs = until;
  }

  drain(): void {
    for (let output = this.machine.poll(); output !== undefined; output = this.machine.poll()) this.handle(output);
  }

  get last(): Reported | undefined {
    return this.told.at(-1);
  }

  /** Everything that a kill may fall before or after, by name. */
  get steps(): readonly string[] {
    return this.points;
  }

  private reach(point: string): void {
    this.points.push(point);
    if (point === this.killAt) throw new Killed();
  }

  private handle(output: ProvisioningOutput): void {
    const name = nameOf(output);
    this.reach(`before ${name}`);
    if (output.type === 'save') {
      if (!this.diskFails) this.disk = output.record;
      this.reach(`after ${name}`);
      this.machine.handleSaved(this.diskFails);
    } else if (output.type === 'apply') {
      if (this.cannotRun === undefined || output.config === null) {
        this.running = output.config;
        this.applied.push(output.config);
      }
      this.reach(`after ${name}`);
      this.machine.handleApplied(output.config === null ? undefined : this.cannotRun, this.nowMs);
    } else {
      if (!this.brokerReached) return;
      this.told.push(output.reported);
      this.reach(`after ${name}`);
      this.machine.handleReportTaken(output.reported);
    }
  }
}

class Killed extends Error {}

function nameOf(output: ProvisioningOutput): string {
  if (output.type === 'apply') return output.config === null ? 'applying the good one' : 'applying the candidate';
  if (output.type === 'report') return `telling ${output.reported.state}`;
  const { candidate, reported } = output.record;
  return candidate === null ? `saving ${reported?.state}` : 'saving the candidate';
}

describe('Provisioning', () => {
  it('applies a signed document, keeps it once broker and trunks are reached again, and says so', () => {
    const box = new Box();
    box.desire(document(7));
    expect(box.running).toBe('config 7');
    expect(box.last).toMatchObject({ revision: 7, state: 'pending-confirm', running: null, changes: ['~ dialplan'] });
    box.wait(10_000);
    expect(box.last).toMatchObject({ revision: 7, state: 'applied', running: 7, errors: [] });
    expect(box.disk).toMatchObject({ highestJudged: 7, good: { revision: 7, config: 'config 7' }, candidate: null });
    expect(box.machine.nextDeadline()).toBeUndefined();
  });

  it('never applies a judged document again, nor one with a revision that is not higher', () => {
    const box = new Box();
    box.desire(document(7));
    box.wait(10_000);
    box.desire(document(7));
    expect(box.told).toHaveLength(2);
    box.desire(document(6));
    expect(box.last).toMatchObject({ revision: 6, state: 'rejected', errors: [{ path: 'revision' }], running: 7 });
    box.restart();
    box.desire(document(6));
    expect(box.last).toMatchObject({ revision: 6, state: 'rejected' });
    expect(box.applied).toEqual(['config 7']);
    expect(box.disk.highestJudged).toBe(7);
  });

  it.each([
    ['is not JSON', 'nonsense', ''],
    ['is not an envelope', '{"document":1}', ''],
    ['has no base64', JSON.stringify({ document: '!', signature: '', keyId: '' }), 'document'],
    ['is signed by somebody else', envelope({ site: 'lyon-01', revision: 9 }, stranger.privateKey), 'signature'],
    ['is signed as a command', envelope({ site: 'lyon-01', revision: 9 }, ops.privateKey, 'command'), 'signature'],
    [
      'was changed after it was signed',
      document(9).replace(/"document":"(.{8})/, (_, start: string) => `"document":"${start.toLowerCase()}`),
      'signature',
    ],
    ['is for another site', document(9, { site: 'graz-02' }), 'site'],
    ['is no document', envelope('[]'), ''],
    ['has a key that nobody knows', document(9, { confrim: 'auto' }), ''],
    ['has no revision', document(9, { revision: -1 }), 'revision'],
    ['is too large', 'x'.repeat(10 << 20), ''],
  ])('changes nothing, uses no revision up and writes nothing when what comes %s', (_, payload, path) => {
    const box = new Box();
    box.desire(payload);
    box.desire(payload);
    expect(box.told).toEqual([expect.objectContaining({ revision: null, state: 'rejected', running: null })]);
    expect(box.last!.errors).toEqual([{ path, message: expect.any(String) }]);
    expect(box.disk).toBe(NEVER_PROVISIONED);
    expect(box.applied).toEqual([]);
  });

  it('rejects what must not run with where and why, and goes on with what runs', () => {
    const box = new Box();
    box.desire(document(3, { config: 'bad' }));
    expect(box.last).toMatchObject({
      revision: 3,
      state: 'rejected',
      errors: [{ path: 'config:1:1', message: 'it is bad' }],
    });
    expect(box.disk.highestJudged).toBe(3);
    expect(box.applied).toEqual([]);
  });

  it('rolls back by itself when a trunk that was reached before is not any longer', () => {
    const box = new Box();
    box.desire(document(1));
    box.trunks = [];
    box.wait(59_000);
    expect(box.running).toBe('config 1');
    box.wait(1_000);
    expect(box.running).toBeNull();
    expect(box.last).toMatchObject({ revision: 1, state: 'rolled-back', running: null });
    expect(box.last!.errors[0]!.message).toContain('the trunk hq was reached before');
  });

  it('rolls back to the last good one when the broker is not reached', () => {
    const box = new Box();
    box.desire(document(1));
    box.wait(10_000);
    box.brokerReached = false;
    box.desire(document(2));
    box.wait(60_000);
    expect(box.running).toBe('config 1');
    expect(box.disk.reported).toMatchObject({ revision: 2, state: 'rolled-back', running: 1 });
    expect(box.disk.reported!.errors[0]!.message).toContain('the broker was not reached');
  });

  it('never rolls back for an outage that was there before, nor for a trunk that it removes', () => {
    const box = new Box();
    box.trunks = ['old'];
    box.desire(document(1));
    box.trunks = [];
    box.wait(10_000);
    expect(box.last).toMatchObject({ revision: 1, state: 'applied' });
  });

  it('wants everything reached for five seconds at a stretch', () => {
    const box = new Box();
    box.desire(document(1));
    box.wait(4_000);
    box.trunks = [];
    box.wait(2_000);
    box.trunks = ['hq'];
    box.wait(4_000);
    expect(box.last!.state).toBe('pending-confirm');
    box.wait(3_000);
    expect(box.last!.state).toBe('applied');
  });

  it('waits for an operator where the document says so', () => {
    const box = new Box();
    expect(box.machine.confirm(undefined)).toContain('no configuration');
    box.desire(document(1, { confirm: 'operator' }));
    box.wait(30_000);
    expect(box.last!.state).toBe('pending-confirm');
    expect(box.machine.confirm(2)).toContain('revision 1 waits');
    expect(box.machine.confirm(1)).toBeUndefined();
    box.wait(1_000);
    expect(box.last!.state).toBe('applied');
    box.desire(document(2, { confirm: 'operator' }));
    box.wait(60_000);
    expect(box.last).toMatchObject({ revision: 2, state: 'rolled-back', running: 1 });
  });

  it('is rolled back by an operator at once', () => {
    const box = new Box();
    expect(box.machine.endTrial()).toContain('no configuration');
    box.desire(document(1));
    expect(box.machine.endTrial()).toBeUndefined();
    box.drain();
    expect(box.running).toBeNull();
    expect(box.last).toMatchObject({ revision: 1, state: 'rolled-back' });
  });

  it('rolls back what cannot run', () => {
    const box = new Box();
    box.cannotRun = 'the port is in use';
    box.desire(document(1));
    expect(box.last).toMatchObject({ revision: 1, state: 'rolled-back', errors: [{ message: 'the port is in use' }] });
  });

  it('judges the last of the documents that came during a trial when that is over', () => {
    const box = new Box();
    box.desire(document(1));
    box.desire(document(2));
    box.desire(document(3));
    box.wait(10_000);
    expect(box.applied).toEqual(['config 1', 'config 3']);
  });

  it('applies nothing that the disk does not take, and keeps nothing that it does not', () => {
    const box = new Box();
    box.diskFails = true;
    box.desire(document(1));
    expect(box.last).toMatchObject({ revision: 1, state: 'rejected' });
    expect(box.applied).toEqual([]);
    box.diskFails = false;
    box.desire(document(1));
    box.diskFails = true;
    box.wait(10_000);
    expect(box.running).toBeNull();
    expect(box.last).toMatchObject({ revision: 1, state: 'rolled-back' });
  });

  const confirmed = [
    'before saving the candidate',
    'after saving the candidate',
    'before applying the candidate',
    'after applying the candidate',
    'before telling pending-confirm',
    'after telling pending-confirm',
    'before saving applied',
    'after saving applied',
    'before telling applied',
    'after telling applied',
  ];
  const rolledBack = [
    'before saving rolled-back',
    'after saving rolled-back',
    'before applying the good one',
    'after applying the good one',
    'before telling rolled-back',
    'after telling rolled-back',
  ];

  it('has these points, and no others, at which the power can go', () => {
    const box = new Box();
    box.desire(document(1));
    box.wait(10_000);
    expect(box.steps).toEqual(confirmed);
    const other = new Box();
    other.desire(document(1));
    other.trunks = [];
    other.wait(60_000);
    expect(other.steps).toEqual([...confirmed.slice(0, 6), ...rolledBack]);
  });

  it.each([...confirmed.map((point) => [point, true] as const), ...rolledBack.map((point) => [point, false] as const)])(
    'is killed %s: the next start has one whole configuration, and no document is judged twice',
    (point, reaches) => {
      const box = new Box(point);
      expect(() => {
        box.desire(document(1));
        if (!reaches) box.trunks = [];
        box.wait(60_000);
      }).toThrow(Killed);
      const wasApplied = box.applied.length;
      const wasJudged = box.disk.highestJudged === 1;
      const wasKept = box.disk.good !== null;
      box.trunks = ['hq'];
      box.restart();
      expect(box.running).toBe(wasKept ? 'config 1' : null);
      expect(box.disk.candidate).toBeNull();
      // The document is still retained, so the broker gives it again.
      box.desire(document(1));
      box.wait(60_000);
      expect(box.applied.length).toBe(wasJudged ? wasApplied : 1);
      const { state } = box.last!;
      expect(state).toBe(wasKept || !wasJudged ? 'applied' : 'rolled-back');
      expect(box.running).toBe(state === 'applied' ? 'config 1' : null);
      expect(box.last).toEqual(box.disk.reported);
    },
  );
});

describe('a change at the panel', () => {
  const kept = (box: Box, config: string) => {
    expect(box.propose(config)).toBeUndefined();
    expect(box.machine.confirmProposal()).toBeUndefined();
    box.wait(6_000);
    expect(box.last).toMatchObject({ by: 'panel', state: 'applied' });
  };

  it('runs, waits for its operator, is kept, and says who made it', () => {
    const box = new Box();
    expect(box.propose('panel 1')).toBeUndefined();
    expect(box.running).toBe('panel 1');
    expect(box.last).toMatchObject({ revision: null, by: 'panel', user: 'admin', state: 'pending-confirm' });
    box.wait(30_000);
    expect(box.machine.standing(box.nowMs)).toEqual({
      ...{ phase: 'trial', by: 'panel', user: 'admin', unconfirmed: true, remainingMs: 30_000, missing: [] },
    });
    expect(box.machine.confirmProposal()).toBeUndefined();
    box.wait(1_000);
    expect(box.last).toMatchObject({ revision: null, by: 'panel', user: 'admin', state: 'applied', running: null });
    expect(box.disk.good).toEqual({ revision: null, config: 'panel 1', file: 'file 1' });
    expect(box.machine.standing(box.nowMs)).toMatchObject({ phase: 'idle', remainingMs: null });
    expect(box.machine.nextDeadline()).toBeUndefined();
  });

  it('is rolled back by itself when nobody confirms it, or when what was reached is not any longer', () => {
    const box = new Box();
    box.propose('panel 1');
    box.wait(60_000);
    expect(box.running).toBeNull();
    expect(box.last).toMatchObject({ state: 'rolled-back', errors: [{ message: 'no operator confirmed it in time' }] });
    box.propose('panel 2');
    box.trunks = [];
    expect(box.machine.confirmProposal()).toBeUndefined();
    expect(box.machine.standing(box.nowMs).missing[0]).toContain('the trunk hq was reached before');
    box.wait(60_000);
    expect(box.running).toBeNull();
    expect(box.last!.errors[0]!.message).toContain('the trunk hq');
  });

  it('waits for no broker where none was reached before, and for one that was', () => {
    const away = new Box();
    away.brokerReached = false;
    away.propose('panel 1');
    away.machine.confirmProposal();
    away.wait(6_000);
    expect(away.disk.good).toMatchObject({ config: 'panel 1' });
    const cut = new Box();
    cut.trunks = [];
    cut.machine.propose({ config: 'panel 1', user: null, confirmWithinMs: 60_000 });
    cut.brokerReached = false;
    cut.drain();
    cut.machine.confirmProposal();
    cut.wait(60_000);
    expect(cut.running).toBeNull();
    expect(cut.disk.reported!.errors[0]!.message).toContain('the broker was not reached');
  });

  it('is refused with what is wrong with it, and nothing is told or written', () => {
    const box = new Box();
    expect(box.propose('bad')).toEqual([{ path: 'config:1:1', message: 'it is bad' }]);
    expect(box.disk).toBe(NEVER_PROVISIONED);
    expect(box.told).toEqual([]);
  });

  it('uses no revision up, and a document that is retained is not judged again after it', () => {
    const box = new Box();
    box.desire(document(7));
    box.wait(10_000);
    kept(box, 'panel 1');
    expect(box.disk).toMatchObject({ highestJudged: 7, good: { revision: null, file: null } });
    const told = box.told.length;
    box.desire(document(7));
    box.restart();
    box.desire(document(7));
    expect(box.told.slice(told).map(({ state, by }) => `${by} ${state}`)).toEqual(['panel applied']);
    expect(box.running).toBe('panel 1');
    box.desire(document(8));
    box.wait(10_000);
    expect(box.last).toMatchObject({ revision: 8, by: 'head-office', state: 'applied', running: 8 });
  });

  it('keeps a document waiting that comes meanwhile, whatever becomes of it', () => {
    for (const end of ['confirmProposal', 'endProposal'] as const) {
      const box = new Box();
      box.propose('panel 1');
      box.desire(document(1));
      box.wait(10_000);
      expect(box.running).toBe('panel 1');
      expect(box.machine[end]()).toBeUndefined();
      box.drain();
      box.wait(20_000);
      expect(box.told.map(({ by, state }) => `${by} ${state}`)).toEqual([
        'panel pending-confirm',
        end === 'confirmProposal' ? 'panel applied' : 'panel rolled-back',
        'head-office pending-confirm',
        'head-office applied',
      ]);
      expect(box.running).toBe('config 1');
    }
  });

  it('is refused while a document is on trial, which the panel neither keeps nor ends', () => {
    const box = new Box();
    box.desire(document(1, { confirm: 'operator' }));
    expect(box.propose('panel 1')).toEqual([{ path: '', message: expect.stringContaining('wait until that is over') }]);
    expect(box.machine.confirmProposal()).toContain('came from head office');
    expect(box.machine.endProposal()).toContain('came from head office');
    expect(box.running).toBe('config 1');
  });

  it('is ended, and not kept, by head office', () => {
    const box = new Box();
    box.propose('panel 1');
    expect(box.machine.confirm(undefined)).toContain('is confirmed there');
    expect(box.machine.endTrial()).toBeUndefined();
    box.drain();
    expect(box.running).toBeNull();
    expect(box.last).toMatchObject({ by: 'panel', user: 'admin', state: 'rolled-back' });
  });

  it('is taken back before it runs, when it waits for calls that somebody does not want to wait for', () => {
    const box = new Box();
    const output = () => box.machine.poll()!;
    box.machine.propose({ config: 'panel 1', user: 'admin', confirmWithinMs: 60_000 });
    expect(output().type).toBe('save');
    box.machine.handleSaved(false);
    expect(output()).toEqual({ type: 'apply', config: 'panel 1' });
    expect(box.machine.standing(0)).toMatchObject({ phase: 'applying', by: 'panel', remainingMs: null });
    expect(box.machine.confirmProposal()).toContain('no configuration waits');
    expect(box.machine.endProposal()).toBeUndefined();
    expect(box.machine.isAbandoned).toBe(true);
    box.machine.handleApplied('the calls that stand did not end', 0);
    box.drain();
    expect(box.running).toBeNull();
    expect(box.last).toMatchObject({ state: 'rolled-back', errors: [{ message: 'an operator rolled it back' }] });
    expect(box.propose('panel 2')).toBeUndefined();
    expect(box.machine.isAbandoned).toBe(false);
    box.machine.endProposal();
    box.drain();
    box.machine.propose({ config: 'panel 3', user: 'admin', confirmWithinMs: 60_000 });
    expect(box.machine.endProposal()).toBeUndefined();
    box.drain();
    expect(box.applied).not.toContain('panel 3');
    expect(box.last).toMatchObject({ state: 'rolled-back', errors: [{ message: 'an operator rolled it back' }] });
  });

  it('stands in place of the file until that is changed', () => {
    const box = new Box();
    kept(box, 'panel 1');
    kept(box, 'panel 2');
    expect(box.disk.good).toMatchObject({ config: 'panel 2', file: 'file 1' });
    expect(box.machine.returnToFile()).toBeUndefined();
    box.drain();
    expect(box.disk.good).toBeNull();
    expect(box.last).toMatchObject({ by: 'panel', state: 'rolled-back', running: null });
    box.propose('panel 3');
    expect(box.machine.returnToFile()).toContain('on trial');
  });

  const points = (() => {
    const box = new Box();
    box.propose('panel 1');
    box.machine.confirmProposal();
    box.wait(10_000);
    return box.steps;
  })();

  it.each(points)('is cut short by the power %s: the next start has the one before or this one, whole', (point) => {
    const box = new Box(point);
    expect(() => {
      box.propose('panel 1');
      box.machine.confirmProposal();
      box.wait(10_000);
    }).toThrow(Killed);
    const wasTried = box.disk.candidate !== null;
    const wasKept = box.disk.good !== null;
    box.restart();
    expect(box.running).toBe(wasKept ? 'panel 1' : null);
    expect(box.disk.candidate).toBeNull();
    if (wasTried) expect(box.last).toMatchObject({ by: 'panel', user: 'admin', state: 'rolled-back' });
    kept(box, 'panel 2');
    expect(box.running).toBe('panel 2');
  });

  it('reads what an appliance before it has left on the disk', () => {
    const reported = {
      revision: 6,
      state: 'applied',
      running: 6,
      changes: [],
      errors: [],
      at: '2026-01-01T00:00:00.000Z',
    };
    const left = { highestJudged: 6, good: { revision: 6, config: 'config 6' }, candidate: null, reported };
    const box = new Box();
    box.disk = recordSchema.parse(left);
    box.restart();
    expect(box.running).toBe('config 6');
    box.desire(document(6));
    expect(box.told).toHaveLength(1);
    expect(box.last).toMatchObject({ by: 'head-office', revision: 6, state: 'applied' });
  });
});
