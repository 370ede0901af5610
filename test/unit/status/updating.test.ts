import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReleaseFiles } from '../../../src/io/release-files.ts';
import {
  type Launch,
  NEVER_UPDATED,
  type UpdateOrder,
  type UpdateRecord,
  type UpdateReported,
  Updating,
  type UpdatingOutput,
  updateRecordSchema,
} from '../../../src/status/updating.ts';
import { type Fate, LauncherBox } from '../../support/launcher.ts';

let launcher: LauncherBox;
beforeEach(() => {
  launcher = new LauncherBox();
});
afterEach(() => launcher.dispose());

class Killed extends Error {}

const order = (more: Partial<UpdateOrder> = {}): UpdateOrder => ({
  ...{ id: 'u1', url: 'https://ops.example/r.tar.gz', version: '1.1.0', platform: 'linux-arm64' },
  ...{ sha256: '0'.repeat(64), bytes: 1000, allowOlder: false, confirmWithin: 60_000, ...more },
});

/** A box with a disk, a real launcher and what it told the broker. A kill leaves the disk. */
class Box {
  record: UpdateRecord = NEVER_UPDATED;
  version = '';
  how: Launch;
  trunks = ['hq'];
  brokerReached = true;
  cannot: Partial<Record<UpdatingOutput['type'], string>> = {};
  hindrance: string | undefined;
  nowMs = 0;
  readonly told: UpdateReported[] = [];
  readonly steps: string[] = [];
  readonly started: string[] = [];
  machine!: Updating;
  private readonly files = new ReleaseFiles(launcher.releases, '1.0.0');

  constructor(private killAt?: string) {}

  /** The power comes back, or the process is started again. */
  async start(): Promise<void> {
    const { version, how } = launcher.launched();
    this.version = version;
    this.how = how;
    this.started.push(`${version} ${how}`);
    this.record = updateRecordSchema.parse(JSON.parse(JSON.stringify(this.record)));
    this.machine = new Updating(
      {
        version,
        platform: 'linux-arm64',
        launch: how,
        failed: await this.files.failed(),
        dropped: await this.files.dropped(),
        reach: () => ({ trunks: this.trunks }),
        hindrance: () => this.hindrance,
        wallTime: () => '2026-01-01T00:00:00.000Z',
      },
      this.record,
      this.nowMs,
    );
    await this.drain();
  }

  async begin(more: Partial<UpdateOrder> = {}): Promise<string | undefined> {
    const refusal = this.machine.begin(order(more));
    await this.drain();
    return refusal;
  }

  async wait(ms: number): Promise<void> {
    const until = this.nowMs + ms;
    for (let at = this.machine.nextDeadline(); at !== undefined && at <= until; at = this.machine.nextDeadline()) {
      this.nowMs = at;
      this.machine.handleTimeout(at);
      await this.drain();
    }
    this.nowMs = until;
  }

  /** No kill any longer. */
  spare(): void {
    this.killAt = undefined;
  }

  get last(): UpdateReported | undefined {
    return this.told.at(-1);
  }

  private reach(point: string): void {
    this.steps.push(point);
    if (point === this.killAt) throw new Killed();
  }

  private async drain(): Promise<void> {
    for (let output = this.machine.poll(); output !== undefined; output = this.machine.poll())
      await this.handle(output);
  }

  private async handle(output: UpdatingOutput): Promise<void> {
    const name = nameOf(output);
    this.reach(`before ${name}`);
    const failure = this.cannot[output.type];
    if (output.type === 'report') {
      if (!this.brokerReached) return;
      this.told.push(output.reported);
      this.reach(`after ${name}`);
      this.machine.handleReportTaken(output.reported);
      return;
    }
    if (output.type === 'restart') {
      await this.start();
      return;
    }
    if (output.type === 'save') {
      if (failure === undefined) this.record = output.record;
      this.reach(`after ${name}`);
      this.machine.handleSaved(failure !== undefined);
      return;
    }
    const version = output.type === 'stage' ? output.order.version : '';
    let outcome = failure;
    if (failure === undefined && output.type === 'stage') launcher.addRelease(version);
    if (failure === undefined && output.type === 'arm') outcome = await this.files.arm(output.version);
    if (failure === undefined && output.type === 'keep') outcome = await this.files.keep();
    this.reach(`after ${name}`);
    this.machine.handleDone(outcome);
  }
}

function nameOf(output: UpdatingOutput): string {
  if (output.type === 'report') return `telling ${output.reported.state}`;
  if (output.type !== 'save') return output.type;
  const { order: saved, why, reported } = output.record;
  if (saved === null) return `saving ${reported?.state}`;
  return why.length > 0 ? 'saving why' : 'saving the order';
}

async function boxAt(killAt?: string): Promise<Box> {
  const box = new Box(killAt);
  await box.start();
  return box;
}

describe('Updating', () => {
  it('fetches a release, tries it when no call stands, and keeps it once broker and trunks are reached again', async () => {
    const box = await boxAt();
    expect(await box.begin()).toBeUndefined();
    await box.wait(10_000);
    expect(box.told.map(({ state }) => state)).toEqual(['downloading', 'waiting', 'on-trial', 'applied']);
    expect(box.last).toMatchObject({ id: 'u1', version: '1.1.0', running: '1.1.0', errors: [] });
    expect(box.started).toEqual(['1.0.0 installed', '1.1.0 trial']);
    expect(box.machine.nextDeadline()).toBeUndefined();
    await box.start();
    expect(box.started.at(-1)).toBe('1.1.0 current');
    expect(box.last?.state).toBe('applied');
  });

  it.each([
    ['is for another platform', { platform: 'linux-x64' }, 'the release is for linux-x64, and this is linux-arm64'],
    ['runs already', { version: '1.0.0' }, '1.0.0 runs already'],
    ['is older', { version: '0.9.9' }, '0.9.9 is older than 1.0.0, which runs; allowOlder is not set'],
  ])('refuses a release that %s, and changes nothing', async (_, more, refusal) => {
    const box = await boxAt();
    expect(await box.begin(more)).toBe(refusal);
    expect([box.told, box.record]).toEqual([[], NEVER_UPDATED]);
  });

  it('takes an older release where the order allows it', async () => {
    const box = await boxAt();
    box.cannot = { stage: 'it is a test' };
    expect(await box.begin({ version: '0.9.9', allowOlder: true })).toBeUndefined();
  });

  it('refuses an update while another is under way, and while a configuration is on trial', async () => {
    const box = await boxAt();
    box.hindrance = 'a configuration is on trial';
    expect(await box.begin()).toBe('a configuration is on trial');
    box.hindrance = undefined;
    await box.begin();
    expect(await box.begin({ version: '1.2.0' })).toBe('an update to 1.1.0 is under way');
  });

  it('refuses an update where no launcher would start it', async () => {
    const machine = new Updating(
      {
        ...{ version: '1.0.0', platform: 'linux-arm64', launch: undefined, failed: undefined, dropped: undefined },
        ...{ reach: () => ({ trunks: [] }), hindrance: () => undefined, wallTime: () => '' },
      },
      NEVER_UPDATED,
      0,
    );
    expect(machine.begin(order())).toContain('launcher');
  });

  it.each([
    ['stage', 'it is not what was signed', 'url'],
    ['quiet', 'the calls that stand did not end', ''],
    ['arm', 'the disk is full', ''],
  ] as const)(
    'rejects a release when it cannot %s, with the reason, and takes the next order',
    async (step, why, path) => {
      const box = await boxAt();
      box.cannot = { [step]: why };
      await box.begin();
      expect(box.last).toMatchObject({ state: 'rejected', running: '1.0.0', errors: [{ path, message: why }] });
      expect(box.record.order).toBeNull();
      box.cannot = {};
      await box.begin();
      await box.wait(10_000);
      expect(box.last?.state).toBe('applied');
    },
  );

  it('does nothing when the disk does not take the order', async () => {
    const box = await boxAt();
    box.cannot = { save: 'full' };
    await box.begin();
    expect(box.steps).not.toContain('before stage');
    expect(box.last).toMatchObject({ state: 'rejected', errors: [{ message: 'the disk does not take it' }] });
  });

  it.each([
    ['the broker', { brokerReached: false }, 'the broker was not reached'],
    ['a trunk', { trunks: [] }, 'the trunk hq was reached before and is not any longer'],
  ])('goes back by itself when %s that was reached before is not any longer, and says so', async (_, lost, why) => {
    const box = await boxAt();
    const { start } = box;
    box.start = async () => {
      Object.assign(box, lost);
      await start.call(box);
    };
    await box.begin();
    expect(box.started.at(-1)).toBe('1.1.0 trial');
    box.start = async () => {
      Object.assign(box, { brokerReached: true, trunks: ['hq'] });
      await start.call(box);
    };
    await box.wait(60_000);
    expect(box.started.at(-1)).toBe('1.0.0 installed');
    expect(box.last).toMatchObject({ state: 'rolled-back', running: '1.0.0', errors: [{ message: why }] });
  });

  it('does not wait for a trunk that was down before', async () => {
    const box = await boxAt();
    box.trunks = [];
    await box.begin();
    await box.wait(10_000);
    expect(box.last?.state).toBe('applied');
  });

  it('goes back when it cannot be kept', async () => {
    const box = await boxAt();
    box.cannot = { keep: 'the disk is full' };
    await box.begin();
    await box.wait(10_000);
    expect(box.last).toMatchObject({ state: 'rolled-back', errors: [{ message: 'the disk is full' }] });
  });

  const kept = [
    ...['before saving the order', 'after saving the order', 'before telling downloading', 'after telling downloading'],
    ...[
      'before stage',
      'after stage',
      'before telling waiting',
      'after telling waiting',
      'before quiet',
      'after quiet',
    ],
    ...['before arm', 'after arm', 'before restart', 'before telling on-trial', 'after telling on-trial'],
    ...['before keep', 'after keep', 'before saving applied', 'after saving applied'],
    ...['before telling applied', 'after telling applied'],
  ];
  const rolledBack = [
    ...['before saving why', 'after saving why', 'before restart', 'before saving rolled-back'],
    ...['after saving rolled-back', 'before telling rolled-back', 'after telling rolled-back'],
  ];

  it('has these points, and no others, at which the power can go', async () => {
    const box = await boxAt();
    await box.begin();
    await box.wait(10_000);
    expect(box.steps).toEqual(kept);
  });

  it('has these points, and no others, at which the power can go when it is rolled back', async () => {
    const box = await boxAt();
    await box.begin();
    box.trunks = [];
    await box.wait(60_000);
    expect(box.steps).toEqual([...kept.slice(0, kept.indexOf('before keep')), ...rolledBack]);
  });

  it.each([
    ...kept.map((point) => [point, true] as const),
    ...rolledBack.filter((point) => point !== 'before restart').map((point) => [point, false] as const),
  ])('is killed %s: the next start is one whole release, and the outcome is told', async (point, reaches) => {
    const box = await boxAt(point);
    await expect(
      (async () => {
        await box.begin();
        if (!reaches) box.trunks = [];
        await box.wait(60_000);
      })(),
    ).rejects.toThrow(Killed);
    box.spare();
    box.trunks = ['hq'];
    await box.start();
    await box.wait(60_000);
    if (box.record.order === null && box.record.reported === null) {
      // Nothing had happened: the order is given again.
      expect(point).toBe('before saving the order');
      expect(box.started.at(-1)).toBe('1.0.0 installed');
      return;
    }
    expect(box.record).toMatchObject({ order: null, reported: box.last });
    expect(box.last).toMatchObject({ id: 'u1', version: '1.1.0', running: box.version });
    const armed = kept.indexOf(point) >= kept.indexOf('after arm') || !reaches;
    const tried = kept.indexOf(point) > kept.indexOf('before restart') || !reaches;
    const isKept = reaches && (kept.indexOf(point) >= kept.indexOf('after keep') || (armed && !tried));
    expect(box.last?.state).toBe(isKept ? 'applied' : armed ? 'rolled-back' : 'rejected');
    expect(box.version).toBe(isKept ? '1.1.0' : '1.0.0');
    expect(box.started.filter((start) => start === '1.1.0 trial').length).toBe(armed ? 1 : 0);
    const left = ['trial', 'tried'].filter((name) => existsSync(join(launcher.releases, name)));
    expect(left).toEqual([]);
    box.started.length = 0;
    await box.start();
    expect(box.started).toEqual([isKept ? '1.1.0 current' : '1.0.0 installed']);
  });

  it('starts what was installed where the release that was kept is gone', async () => {
    const box = await boxAt();
    await box.begin();
    await box.wait(10_000);
    rmSync(join(launcher.releases, '1.1.0'), { recursive: true });
    expect(launcher.launch()).toBe('1.0.0 installed');
  });

  it('does not try a release that is gone, and says that it was not', async () => {
    const box = await boxAt();
    box.machine.begin(order());
    launcher.write('trial', '../../usr\n');
    expect(launcher.launch()).toBe('1.0.0 installed');
    expect(existsSync(join(launcher.releases, 'trial'))).toBe(false);
  });

  /** A box that has kept a release, which does not come up from now on. */
  async function boxThatKept(version: string, fate: Fate): Promise<Box> {
    const box = await boxAt();
    await box.begin({ version });
    await box.wait(10_000);
    expect(box.last).toMatchObject({ version, state: 'applied' });
    launcher.addRelease(version, fate);
    return box;
  }

  /** The last start of so many; of the others nothing was left. */
  async function startAfterCrashes(box: Box, crashes: number): Promise<void> {
    for (let i = 0; i < crashes; i++) launcher.launch();
    await box.start();
  }

  it('tells once that a kept release did not come up any longer, and that the one before it runs', async () => {
    const box = await boxThatKept('1.1.0', 'ends');
    await box.begin({ version: '1.2.0' });
    await box.wait(10_000);
    launcher.addRelease('1.2.0', 'crashes');
    await startAfterCrashes(box, 3);
    expect(box.started.at(-1)).toBe('1.1.0 current');
    expect(box.last).toMatchObject({ id: 'u1', version: '1.2.0', state: 'rolled-back', running: '1.1.0' });
    expect(box.last?.errors).toEqual([{ path: '', message: 'it was kept, and did not come up any longer' }]);
    const { last } = box;
    await box.start();
    expect(box.last).toEqual(last);
    launcher.addRelease('1.1.0', 'crashes');
    await startAfterCrashes(box, 3);
    expect(box.last).toMatchObject({ id: '', version: '1.1.0', state: 'rolled-back', running: '1.0.0' });
  });

  it('tells of the order that was under way before it tells that the release did not come up any longer', async () => {
    const box = await boxThatKept('1.1.0', 'crashes');
    box.record = { ...box.record, order: { id: 'u2', version: '1.2.0', trunks: [], confirmWithinMs: 1000 } };
    box.told.length = 0;
    await startAfterCrashes(box, 3);
    expect(box.told.map(({ id, version, state }) => [id, version, state])).toEqual([
      ['u2', '1.2.0', 'rejected'],
      ['', '1.1.0', 'rolled-back'],
    ]);
    expect(await box.begin({ version: '1.2.0' })).toBeUndefined();
  });
});
