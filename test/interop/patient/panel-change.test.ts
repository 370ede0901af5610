import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { envelope, signerOf } from '../../../src/cli/fleet-broker.ts';
import { hashPassword } from '../../../src/io/password.ts';
import { generateSigningKeys } from '../../../src/io/signing.ts';
import type { ConfigurationStanding, ConfigurationText } from '../../../src/panel/configuration.ts';
import { type Event, eventSchema } from '../../../src/status/event.ts';
import { type Reported, reportedSchema } from '../../../src/status/provisioning-record.ts';
import { Appliance } from '../../support/appliance.ts';
import { loopbackAddress } from '../../support/loopback.ts';
import { Mosquitto } from '../../support/mosquitto.ts';
import { watchBroker } from '../../support/mqtt-watcher.ts';
import { describeWithPeers } from '../../support/peers.ts';
import { waitUntil } from '../../support/wait-until.ts';

const SITE = 'panel-01';
const ROOT = `branchline/${SITE}`;
const HIDDEN = 'kept-from-everybody';

describeWithPeers('a change at the panel of an office that head office looks after', ['mosquitto'], () => {
  const broker = new Mosquitto(loopbackAddress(55), 1883);
  const web = `${loopbackAddress(55)}:8080`;
  const keys = generateSigningKeys();
  let config = '';
  let appliance: Appliance;
  let watcher: Awaited<ReturnType<typeof watchBroker>>;

  beforeAll(async () => {
    config = `# By hand
site: { id: ${SITE}, country: fr }
hat:
  port: emulator
  emulator: plain
  lines:
    - { port: 1, kind: fxs, extension: "201", context: office }
    - { port: 2, kind: fxs, extension: "202", context: office }
conferences: { "610": { pin: "${HIDDEN}" } }
dialplan: |
  [office]
  exten => _20X,1,Dial(\${DEVICE(\${EXTEN})},20)
  exten => 600,1,Busy
mqtt: { url: "${broker.url}", provisioning: { publicKey: ops.pub } }
web: { listen: "http://${web}", users: { admin: { passwordHash: ${await hashPassword('open sesame')} } } }
`;
    appliance = new Appliance({ config });
    writeFileSync(join(appliance.folder, 'ops.pub'), keys.publicKey);
    writeFileSync(join(appliance.folder, 'ops.key'), keys.privateKey);
    await broker.start();
    watcher = await watchBroker(broker.url);
    await appliance.start();
    await connected();
  });

  afterAll(async () => {
    await watcher?.close();
    await appliance.dispose();
    await broker.dispose();
  });

  const connected = () =>
    waitUntil('the broker', 15_000, () => watcher.json(`${ROOT}/state`)?.['state'] === 'online' && reachesBroker());
  const reachesBroker = async () => {
    const { mqtt } = await ask<{ mqtt: { state: string } | null }>('GET', '/api/status');
    return mqtt?.state === 'connected';
  };

  async function ask<Body>(method: string, path: string, body?: object): Promise<Body> {
    const response = await fetch(`http://${web}${path}`, {
      method,
      headers: { authorization: `Basic ${btoa('admin:open sesame')}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await response.json()) as Body;
  }

  /** Puts the text that runs on trial, with something else in it. */
  async function change(from: string, to: string, confirmWithin = '60s'): Promise<ConfigurationStanding> {
    const { text, version } = await ask<ConfigurationText>('GET', '/api/configuration');
    expect(text).not.toContain(HIDDEN);
    return ask('POST', '/api/configuration', { text: text.replace(from, to), version, confirmWithin });
  }

  const trial = () => ask<ConfigurationStanding>('GET', '/api/configuration/trial');
  const runs = async (what: string) => {
    const { steps } = await ask<{ steps: { application: string }[] }>('GET', '/api/route?number=600&from=office');
    return steps[0]!.application.startsWith(what);
  };

  const push = (revision: number, text: string) => {
    const document = { site: SITE, revision, confirmWithin: '60s', config: text };
    return watcher.publish(
      `${ROOT}/config/desired`,
      envelope('config', document, signerOf(join(appliance.folder, 'ops.key'))),
    );
  };

  const waitForReport = (expected: Partial<Reported>) =>
    waitUntil(
      JSON.stringify(expected),
      25_000,
      () => {
        const body = watcher.json(`${ROOT}/config/reported`);
        const reported = body === undefined ? undefined : reportedSchema.parse(body);
        const fits = Object.entries(expected).every(([key, value]) => reported?.[key as keyof Reported] === value);
        return fits ? reported : undefined;
      },
      () => `${JSON.stringify(watcher.json(`${ROOT}/config/reported`))}\n${appliance.log.slice(-2_000)}`,
    );

  const events = (what: string): Event[] =>
    watcher.messages
      .filter(({ topic }) => topic === `${ROOT}/events`)
      .map(({ payload }) => eventSchema.parse(JSON.parse(payload)))
      .filter((event) => event.kind === 'config' && event.what === what);

  it('is reported with who made it, kept when that is confirmed, and tells no secret', async () => {
    expect(await change('Busy', 'Congestion')).toMatchObject({ by: 'panel', user: 'admin' });
    await waitForReport({ by: 'panel', user: 'admin', revision: null, state: 'pending-confirm' });
    await waitUntil('the change', 5_000, () => runs('Congestion'));
    expect(await ask('POST', '/api/configuration/confirm')).toMatchObject({ unconfirmed: false });
    await waitForReport({ by: 'panel', user: 'admin', revision: null, state: 'applied', running: null });
    await waitUntil('the event', 5_000, () => events('applied').length === 1);
    expect(events('applied')[0]).toMatchObject({ details: { by: 'panel', user: 'admin' } });
    expect(JSON.stringify(watcher.messages) + appliance.log).not.toContain(HIDDEN);
  });

  it('is followed by the document that came while it was on trial, and stands over no later one', async () => {
    await change('Congestion', 'Echo');
    await waitForReport({ by: 'panel', state: 'pending-confirm' });
    await push(5, config.replace('Busy', 'Progress'));
    await waitUntil('the trial', 5_000, async () => (await trial()).phase === 'trial');
    expect((await trial()).by).toBe('panel');
    await ask('POST', '/api/configuration/rollback');
    await waitForReport({ by: 'head-office', revision: 5, state: 'applied', running: 5 });
    await waitUntil('the document', 5_000, () => runs('Progress'));
    expect(await change('Progress', 'Echo')).toMatchObject({ by: 'panel' });
    await waitForReport({ by: 'panel', state: 'pending-confirm' });
    await ask('POST', '/api/configuration/confirm');
    await waitForReport({ by: 'panel', state: 'applied', running: null });
    // The document is still retained, and is given again with each start.
    await appliance.stop();
    await appliance.start();
    await connected();
    await waitUntil('the change', 5_000, () => runs('Echo'));
    await waitForReport({ by: 'panel', state: 'applied' });
  });

  it('goes back to the document when the power goes while it is on trial, and says so', async () => {
    await push(6, config.replace('Busy', 'Ringing'));
    await waitForReport({ by: 'head-office', revision: 6, state: 'applied' });
    await change('Ringing', 'Echo');
    await waitForReport({ by: 'panel', state: 'pending-confirm' });
    appliance.signal('SIGKILL');
    await appliance.exit(5_000);
    await appliance.start();
    await connected();
    expect(await waitForReport({ by: 'panel', user: 'admin', state: 'rolled-back', running: 6 })).toMatchObject({
      errors: [{ message: 'the appliance stopped while it was on trial' }],
    });
    await waitUntil('the document', 5_000, () => runs('Ringing'));
    await waitUntil('the event', 5_000, () => events('rolled-back').some(({ details }) => details['by'] === 'panel'));
  });

  it('goes back by itself when it leads to a broker that is not there, though somebody confirmed it', async () => {
    await change(broker.url, `mqtt://${loopbackAddress(56)}:1883`, '10s');
    await waitUntil('the trial', 5_000, async () => (await trial()).phase === 'trial');
    await ask('POST', '/api/configuration/confirm');
    expect((await trial()).missing).toEqual(['the broker was not reached']);
    await waitUntil('the way back', 20_000, async () => (await trial()).phase === 'idle');
    await connected();
    expect(await waitForReport({ by: 'panel', state: 'rolled-back', running: 6 })).toMatchObject({
      errors: [{ path: '', message: 'the broker was not reached' }],
    });
  });

  it('lets a call go on that stands meanwhile', async () => {
    await appliance.talk('202');
    await change('Ringing', 'Busy');
    await waitForReport({ by: 'panel', state: 'pending-confirm' });
    await ask('POST', '/api/configuration/rollback');
    await waitUntil('the way back', 5_000, () => runs('Ringing'));
    expect(await change('extension: "202"', 'extension: "203"')).toMatchObject({ phase: 'applying' });
    await waitForReport({ by: 'panel', state: 'rolled-back' });
    expect(await trial()).toMatchObject({ phase: 'applying', by: 'panel', remainingMs: null });
    await ask('POST', '/api/configuration/rollback');
    await waitUntil('the end', 5_000, async () => (await trial()).phase === 'idle');
    await appliance.waitForLine(2, 'talking', 1_000);
    await appliance.hangUp(1);
    await appliance.hangUp(2);
  });
});
