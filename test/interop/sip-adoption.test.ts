import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { BRANCH, branchConfig, WEB } from '../support/branch-office.ts';
import { ScriptedPhone } from '../support/scripted-phone.ts';

const SIP = `sip:
  listen: [udp://${BRANCH}:5060]
  adopt: { context: office }
  phones:
    "211": { secret: secret-211, context: office }`;

describe('adopt mode of the running program', () => {
  let office: Appliance;
  let phone: ScriptedPhone;

  beforeAll(async () => {
    office = await startAppliance({ config: branchConfig({ sections: SIP }), web: WEB });
  });

  afterAll(async () => {
    await phone?.close();
    await office?.dispose();
  });

  it('lets a phone in that has the secret of the panel, and knows it after a restart', async () => {
    expect((await office.status()).adoption).toEqual({ until: null });
    const opened = await office.request('POST', '/api/adoption');
    expect(opened.status).toBe(201);
    const { secret, until } = (await opened.json()) as { secret: string; until: string };
    expect((await office.status()).adoption).toEqual({ until });
    phone = await ScriptedPhone.open({ user: '215', secret, server: { ip: BRANCH, port: 5060 } });
    expect((await phone.register()).status).toBe(200);
    expect((await office.status()).phones['215']).toMatchObject({ state: 'registered', adopted: true });
    expect((await office.status()).adoption).toEqual({ until: null });
    await office.stop();
    expect(office.log).not.toContain(secret);
    const kept = readFileSync(join(office.folder, 'data/adopted-phones.json'), 'utf8');
    expect(kept).not.toContain(secret);
    await office.start();
    expect((await office.status()).phones['215']).toMatchObject({ state: 'registered', adopted: true });
    expect((await phone.register()).status).toBe(200);
    expect((await office.status()).adoption).toEqual({ until: null });
  });

  it('shuts it out again when the panel forgets it', async () => {
    expect((await office.request('DELETE', '/api/phones/211')).status).toBe(404);
    expect((await office.request('DELETE', '/api/phones/215')).status).toBe(200);
    expect((await office.status()).phones['215']).toBeUndefined();
    expect((await phone.register()).status).toBe(401);
  });
});
