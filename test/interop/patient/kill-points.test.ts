import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { envelope, signerOf } from '../../../src/cli/fleet-broker.ts';
import { generateSigningKeys } from '../../../src/io/signing.ts';
import { eventSchema } from '../../../src/status/event.ts';
import {
  NEVER_PROVISIONED,
  type ProvisioningRecord,
  type Reported,
  recordSchema,
  reportedSchema,
} from '../../../src/status/provisioning-record.ts';
import { Appliance } from '../../support/appliance.ts';
import { loopbackAddress } from '../../support/loopback.ts';
import { Mosquitto } from '../../support/mosquitto.ts';
import { watchBroker } from '../../support/mqtt-watcher.ts';
import { describeWithPeers } from '../../support/peers.ts';
import { waitUntil } from '../../support/wait-until.ts';

const HOOK = join(import.meta.dirname, '../../support/kill-at.mjs');
const MOMENTS = ['half-written', 'before-rename', 'after-rename', 'after-saving', 'before-telling', 'after-telling'];

/** The zone takes another start of all that serves; a dialplan is taken over while it does. */
const CHANGES = { 'taken over while it serves': 'UTC', 'that takes another start': 'Europe/Paris' } as const;
type Change = keyof typeof CHANGES;

const CASES = [
  ...MOMENTS.map((moment) => [moment, 'pending-confirm'] as const),
  ...MOMENTS.map((moment) => [moment, 'applied'] as const),
  ...MOMENTS.filter((moment) => !/half|saving/.test(moment)).map((moment) => [moment, 'rolled-back'] as const),
].flatMap(([moment, state]) => (Object.keys(CHANGES) as Change[]).map((change) => [moment, state, change] as const));

/** What becomes of a document at whose saving, applying or telling the process is killed. */
function outcomeOf(moment: string, state: string): Reported['state'] {
  const isSaved = !['half-written', 'before-rename'].includes(moment);
  // Until the candidate is on the disk nothing has happened: the document, still retained, is judged as a new one.
  if (state === 'pending-confirm') return isSaved ? 'rolled-back' : 'applied';
  return state === 'applied' && isSaved ? 'applied' : 'rolled-back';
}

describeWithPeers('a configuration from head office, and kill -9', ['mosquitto'], () => {
  const broker = new Mosquitto(loopbackAddress(44), 1883);
  const keys = generateSigningKeys();
  const offices: Appliance[] = [];
  let watcher: Awaited<ReturnType<typeof watchBroker>>;

  beforeAll(async () => {
    await broker.start();
    watcher = await watchBroker(broker.url);
  });

  afterAll(async () => {
    await watcher?.close();
    await Promise.all(offices.map((office) => office.dispose()));
    await broker.dispose();
  });

  const config = (site: string, number: string, timezone = 'UTC') => `
site: { id: ${site}, country: fr, timezone: ${timezone} }
dialplan: |
  [office]
  exten => ${number},1,Echo
mqtt: { url: "${broker.url}", provisioning: { publicKey: ops.pub } }
`;

  /** An office that runs revision 1, and is killed once when it comes to `point`. */
  function prepare(site: string, point: string) {
    const env: NodeJS.ProcessEnv = { NODE_OPTIONS: `--import=${HOOK}`, KILL_AT: point };
    const office = new Appliance({ config: config(site, '600'), env });
    offices.push(office);
    const data = join(office.folder, 'data');
    const good = { revision: 1, config: config(site, '601') };
    mkdirSync(data);
    writeFileSync(join(office.folder, 'ops.pub'), keys.publicKey);
    writeFileSync(join(office.folder, 'ops.key'), keys.privateKey);
    writeFileSync(join(data, 'provisioning.json'), JSON.stringify({ ...NEVER_PROVISIONED, highestJudged: 1, good }));
    return { office, data, env, signer: signerOf(join(office.folder, 'ops.key')) };
  }

  const recordIn = (data: string): ProvisioningRecord =>
    recordSchema.parse(JSON.parse(readFileSync(join(data, 'provisioning.json'), 'utf8')));

  it.concurrent.each(CASES)(
    '%s %s, a change %s: the next start has one whole configuration, says which, and leaves no half state',
    async (moment, state, change) => {
      const site = `${state}-${moment}-${CHANGES[change] === 'UTC' ? 'live' : 'restart'}`;
      const { office, data, env, signer } = prepare(site, `${moment} ${state}`);
      const confirm = state === 'rolled-back' ? 'operator' : 'auto';
      const content = {
        site,
        revision: 2,
        // What is kept has time for it, also where the machine stands still.
        confirmWithin: confirm === 'operator' ? '500ms' : '60s',
        confirm,
        config: config(site, '602', CHANGES[change]),
      };
      await watcher.publish(`branchline/${site}/config/desired`, envelope('config', content, signer));

      expect(await office.spawn().exit(20_000)).toBeNull();
      const killed = recordIn(data);
      const outcome = outcomeOf(moment, state);
      expect(killed.highestJudged).toBe(outcome === 'applied' && state === 'pending-confirm' ? 1 : 2);

      delete env['KILL_AT'];
      await office.start();
      const report = await waitUntil(
        `${site} to be ${outcome}`,
        15_000,
        () => {
          const told = reportedSchema.safeParse(watcher.json(`branchline/${site}/config/reported`)).data;
          return told?.revision === 2 && told.state === outcome ? told : undefined;
        },
        () => office.log,
      );
      const runs = outcome === 'applied' ? '602' : '601';
      const routes = ['600', '601', '602'].map(async (number) => {
        const response = await office.request('GET', `/api/route?number=${number}&from=office`);
        return (await response.text()).includes('Echo') ? number : '';
      });
      expect((await Promise.all(routes)).join('')).toBe(runs);
      expect(report.running).toBe(outcome === 'applied' ? 2 : 1);
      const record = recordIn(data);
      expect(record).toMatchObject({ highestJudged: 2, candidate: null, reported: report });
      const zone = runs === '602' ? CHANGES[change] : 'UTC';
      expect(record.good).toEqual({ revision: report.running, config: config(site, runs, zone), file: null });
      expect(office.log).not.toContain('"level":"error"');
      await waitUntil(`an event of ${site}`, 5_000, () =>
        watcher.messages.some(
          ({ topic, payload }) =>
            topic === `branchline/${site}/events` && eventSchema.parse(JSON.parse(payload)).what === outcome,
        ),
      );
      await waitUntil(
        'all to be written',
        5_000,
        () => !readdirSync(data).some((name) => /\.(new|damaged)$/.test(name)),
      );
      office.signal('SIGKILL');
    },
  );
});
