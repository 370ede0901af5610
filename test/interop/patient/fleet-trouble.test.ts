import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { bundle } from '../../support/appliance.ts';
import { HeadOffice, outcomes } from '../../support/head-office.ts';
import { loopbackAddress } from '../../support/loopback.ts';
import { Mosquitto } from '../../support/mosquitto.ts';
import { watchBroker } from '../../support/mqtt-watcher.ts';
import { describeWithPeers } from '../../support/peers.ts';
import { Program } from '../../support/program.ts';
import { waitUntil } from '../../support/wait-until.ts';

describeWithPeers('branchline fleet in trouble, with mosquitto', ['mosquitto'], () => {
  const ip = loopbackAddress(49);
  const folder = mkdtempSync(join(tmpdir(), 'branchline-trouble-'));
  const [passwords, acl] = [join(folder, 'passwords'), join(folder, 'acl')];
  writeFileSync(acl, 'user reader\ntopic read branchline/#\nuser nobody\ntopic read other/#\n');
  const guarded = `listener 1884 ${ip}\nallow_anonymous false\npassword_file ${passwords}\nacl_file ${acl}\n`;
  const broker = new Mosquitto(ip, 1883, `allow_anonymous true\n${guarded}`, 'per_listener_settings true\n');
  const office = new HeadOffice(20, broker.url);
  const { fleet } = office;
  let revision = 0;

  beforeAll(async () => {
    for (const [i, user] of ['reader', 'nobody'].entries())
      execFileSync('mosquitto_passwd', ['-b', ...(i === 0 ? ['-c'] : []), passwords, user, 'right'], { stdio: 'pipe' });
    await broker.start();
    fleet.start();
    await office.listed();
  });

  beforeEach(() => {
    revision++;
    fleet.refusing.clear();
    fleet.silent.clear();
  });

  afterAll(async () => {
    await office.dispose();
    await broker.dispose();
    rmSync(folder, { recursive: true });
  });

  async function run(args: readonly string[], url: string, password = 'right', username = 'reader') {
    const env = { BRANCHLINE_MQTT_PASSWORD: password };
    const program = new Program(
      'fleet',
      execPath,
      [bundle, 'fleet', ...args, '--broker', url, '--username', username],
      { env },
    );
    return { code: await program.exit(20_000), out: program.stdout, err: program.stderr };
  }

  const guardedUrl = `mqtt://${ip}:1884`;

  it.each([
    ['there is no broker', `mqtt://${ip}:9`, 'right', /^branchline: cannot connect to the broker: .*ECONNREFUSED.*\n$/],
    [
      'its name is unknown',
      'mqtt://broker.invalid',
      'right',
      /^branchline: cannot connect to the broker: .*broker\.invalid\n$/,
    ],
    [
      'the password is wrong',
      guardedUrl,
      'wr0ng',
      /^branchline: cannot connect to the broker: .*[Nn]ot authori[sz]ed\n$/,
    ],
    [
      'the broker speaks no TLS',
      guardedUrl.replace('mqtt', 'mqtts'),
      'right',
      /^branchline: cannot connect to the broker: .+\n$/,
    ],
  ])('says in one line that %s', async (_, url, password, message) => {
    const listed = await run(['list'], url, password);
    expect(listed).toMatchObject({ code: 1, out: '' });
    expect(listed.err).toMatch(message);
    expect(listed.err).not.toContain('wr0ng');
  });

  it('says in one line that it may not read, and of each site that it may not be told', async () => {
    expect(await run(['list'], guardedUrl, 'right', 'nobody')).toMatchObject({
      code: 0,
      out: 'No appliance has said anything at this broker.\n',
    });
    const pushed = await run([...office.pushArguments(revision, 5), '--site', 'office-0001'], guardedUrl);
    expect(pushed.code).toBe(1);
    expect(JSON.parse(pushed.out)).toMatchObject({
      outcome: 'not-sent',
      why: expect.stringMatching(/[Nn]ot authori[sz]ed/),
    });
    expect(await run(['rollback', 'office-0001', 'office-0002'], guardedUrl)).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^office-0001 {2}.*[Nn]ot authori[sz]ed\noffice-0002 {2}.*[Nn]ot authori[sz]ed\n$/),
      err: 'branchline: 2 of 2 did not do it\n',
    });
  });

  it('says at once of each site that nobody there listens to a command', async () => {
    expect(await run(['confirm', 'office-0001', 'nowhere'], broker.url)).toEqual({
      code: 1,
      out: 'office-0001  nobody listens there: it is not connected\nnowhere  nobody listens there: it is not connected\n',
      err: 'branchline: 2 of 2 did not do it\n',
    });
  });

  it('stops at the group in which one does not keep it, and goes on where it is told to', async () => {
    fleet.refusing.add('office-0003');
    const push = office.push(revision, 5);
    expect(await push.exit(20_000)).toBe(1);
    expect(push.stderr).toBe(`branchline: revision ${revision}: 1 of 5 did not keep it; 15 did not get it\n`);
    revision++;
    const going = office.push(revision, 5, '--keep-going');
    expect(await going.exit(20_000)).toBe(1);
    expect(going.stderr).toBe(`branchline: revision ${revision}: 1 of 20 did not keep it\n`);
    expect(outcomes(going).filter(({ outcome }) => outcome === 'applied')).toHaveLength(19);
  });

  it.each([
    ['', []],
    ['with --keep-going', ['--keep-going']],
  ] as const)(
    'at Ctrl-C in the midst of a push stops, says who has it, and gives it to nobody else %s',
    async (_, how) => {
      fleet.silent.add('office-0008');
      const watcher = await watchBroker(broker.url);
      const push = office.push(revision, 5, ...how);
      const given = () =>
        watcher.messages.filter(({ topic, retained }) => topic.endsWith('/config/desired') && !retained);
      await waitUntil('the second group', 10_000, () => given().length === 10);
      const reported = () =>
        watcher.messages.filter(
          ({ topic, retained, payload }) =>
            topic.endsWith('/config/reported') && !retained && payload.includes(`"revision":${revision},`),
        );
      await waitUntil('the rest of both groups to report', 5_000, () => reported().length === 9);
      // What the broker gave the watcher is under way to the push as well, which says nothing before its group is complete.
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      push.signal('SIGINT');
      expect(await push.exit(5_000)).toBe(1);
      expect(push.stderr).toBe(
        `branchline: revision ${revision}, interrupted: 1 of 10 did not keep it; 10 did not get it\n`,
      );
      expect(outcomes(push).find(({ site }) => site === 'office-0008')).toMatchObject({
        outcome: 'no-answer',
        why: expect.stringContaining('keeps it or rolls it back by itself'),
      });
      expect(given()).toHaveLength(10);
      await watcher.close();
    },
  );

  it('outlives its broker: the live table says that it is away, a push ends at Ctrl-C, and both go on when it is back', async () => {
    const table = office.command('list', '--watch');
    await table.waitFor('the table', 10_000, () => table.stdout.includes('20 appliances, 20 online'));
    fleet.silent.add('office-0002');
    const push = office.push(revision, 5);
    await waitUntil('the first group', 10_000, () => fleet.applied.get('office-0005')?.includes(revision));
    await broker.kill();
    await table.waitFor('the word', 5_000, () => table.stdout.includes('the broker is away'));
    push.signal('SIGINT');
    expect(await push.exit(5_000)).toBe(1);
    const stopped = office.push(++revision, 5);
    expect(await stopped.exit(15_000)).toBe(1);
    expect(stopped.stderr).toContain('cannot connect to the broker');
    await broker.start();
    const length = table.stdout.length;
    await table.waitFor('its return', 15_000, () =>
      /20 appliances, 20 online, 0 in trouble\n/.test(table.stdout.slice(length)),
    );
    table.signal('SIGINT');
    expect(await table.exit(5_000)).toBe(0);
    expect(table.stderr).toBe('');
  });
});
