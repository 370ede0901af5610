import { describe, expect, it } from 'vitest';
import { WITHOUT_SECRETS } from '../../../src/cli/configuration-file.ts';
import { PASSWORD_HASH, poorStore, problemsOf } from './example.ts';

const SITE = 'site: { id: a, country: fr }\n';

describe('secrets that nobody could prove', () => {
  it.each([
    [
      'conferences: { "600": { pin: geheim } }',
      '2:30: warning: conferences.600.pin cannot be dialled; allowed: digits and *, 32 at most',
    ],
    [
      'conferences: { "600": { pin: "1234", leaderPin: "12#4" } }',
      '2:49: warning: conferences.600.leaderPin cannot be dialled; allowed: digits and *, 32 at most',
    ],
    [
      'web: { users: { admin: { passwordHash: geheim } } }',
      '2:40: warning: web.users.admin.passwordHash is none, and nobody can log in as admin; allowed: what `branchline hash-password` prints',
    ],
    [
      `web: { users: { admin: { passwordHash: "{ passwordHash: ${PASSWORD_HASH} }" } } }`,
      '2:40: warning: web.users.admin.passwordHash is none, and nobody can log in as admin; allowed: what `branchline hash-password` prints',
    ],
    [
      'mqtt: { url: mqtt://b, provisioning: { publicKey: ops.key } }',
      '2:51: warning: mqtt.provisioning.publicKey: ops.key is no public key in PEM form, such as `branchline keygen` makes; no configuration is taken over MQTT',
    ],
  ])('are warned of, and not told: %s', (yaml, expected) => {
    const problems = problemsOf(`${SITE}${yaml}\n`);
    expect(problems).toEqual([expected]);
    expect(problems.join()).not.toContain('geheim');
  });

  it('are warned of where the key of head office is not there', () => {
    const yaml = `${SITE}mqtt: { url: mqtt://b, provisioning: { publicKey: ops.pub } }\n`;
    expect(problemsOf(yaml, poorStore)).toEqual([
      '2:51: warning: mqtt.provisioning.publicKey: the file ops.pub does not exist; no configuration is taken over MQTT',
    ]);
  });

  it.each([
    'conferences: { "600": { pin: "12*4", leaderPin: "1" } }',
    `web: { users: { admin: { passwordHash: "${PASSWORD_HASH}" } } }`,
    'mqtt: { url: mqtt://b, provisioning: { publicKey: ops.pub } }',
  ])('are not what these are: %s', (yaml) => {
    expect(problemsOf(`${SITE}${yaml}\n`)).toEqual([]);
  });

  it('are not known where secrets are not looked up, or not there', () => {
    const yaml = `${SITE}conferences: { "600": { pin: { file: pin } } }\nweb: { users: { admin: { passwordHash: { file: hash } } } }\nmqtt: { url: mqtt://b, provisioning: { publicKey: ops.pub } }\n`;
    expect(problemsOf(yaml, WITHOUT_SECRETS)).toEqual([]);
    expect(problemsOf(yaml, poorStore).filter((line) => line.includes('warning'))).toHaveLength(1);
  });
});
