import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Appliance } from '../../support/appliance.ts';
import { type Asterisk, startAsterisk } from '../../support/asterisk.ts';
import { BRANCH, CENTRE, centreFiles, SECRET, startBranch } from '../../support/branch-office.ts';
import { describeAsterisk } from '../../support/peers.ts';

const folder = mkdtempSync(join(tmpdir(), 'branchline-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface KeyPair {
  readonly private: string;
  readonly public: string;
  readonly privateFile: string;
  readonly publicFile: string;
}

/** What `astgenkey -n` does: 1024 bits is the only size that Asterisk takes, and `BEGIN RSA PRIVATE KEY` its form. */
function makeKeys(name: string): KeyPair {
  const [privateFile, publicFile] = [join(folder, `${name}.key`), join(folder, `${name}.pub`)];
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 1024,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  writeFileSync(privateFile, pair.privateKey, { mode: 0o600 });
  writeFileSync(publicFile, pair.publicKey);
  return { private: pair.privateKey, public: pair.publicKey, privateFile, publicFile };
}

describe('identity', () => {
  const keys = { branch: makeKeys('branch'), centre: makeKeys('centre'), stranger: makeKeys('stranger') };
  const keyFiles = {
    'keys/branchkey.pub': keys.branch.public,
    'keys/centrekey.key': keys.centre.private,
    'keys/centrekey.pub': keys.centre.public,
  };

  describeAsterisk('proved', (version) => {
    let centre: Asterisk | undefined;
    let office: Appliance | undefined;

    afterEach(async () => {
      await office?.dispose();
      await centre?.dispose();
      [centre, office] = [undefined, undefined];
    });

    const startCentreWith = async (peer: string, more = ''): Promise<Asterisk> => {
      const files = centreFiles({ peer });
      const iax = `${files['iax.conf']}\n${more}`;
      centre = await startAsterisk({ version, bind: CENTRE, files: { ...files, ...keyFiles, 'iax.conf': iax } });
      return centre;
    };

    const expectCallToCentre = async (branch: Appliance): Promise<void> => {
      await branch.lift(1);
      await branch.waitForLine(1, 'dial-tone', 2_000);
      await branch.dial(1, '7601');
      await branch.waitForLine(1, 'talking', 6_000);
      await branch.rest(1);
    };

    const expectCallFromCentre = async (asterisk: Asterisk, branch: Appliance, channel: string): Promise<void> => {
      await asterisk.originate(channel, { application: 'Wait', data: '20' });
      await branch.waitForLine(1, 'ringing', 4_000);
      await branch.lift(1);
      await branch.waitForLine(1, 'talking', 3_000);
      await asterisk.cli('channel request hangup all');
      await branch.rest(1);
    };

    const expectRefusal = async (asterisk: Asterisk, branch: Appliance, channel: string): Promise<void> => {
      const from = asterisk.log().length;
      await asterisk.originate(channel, { application: 'Wait', data: '1' });
      await asterisk.waitForLog(/Call rejected by|No authority found|Rejected|rejected/i, 6_000, from);
      expect((await branch.status()).lines['1']?.state).toBe('idle');
      await branch.waitForNoCalls();
    };

    test('with RSA keys: registers, calls and is called', async () => {
      const asterisk = await startCentreWith('auth=rsa\ninkeys=branchkey\noutkey=centrekey');
      const branch = (office = await startBranch({
        auth: '[rsa]',
        hq: `inKeys: [${keys.centre.publicFile}]\noutKey: ${keys.branch.privateFile}`,
      }));
      await branch.waitForRegistration('hq', 'registered', 5_000);
      await expectCallToCentre(branch);
      await asterisk.cli('iax2 set debug on');
      await expectCallFromCentre(asterisk, branch, 'IAX2/branch1/201');
      expect(asterisk.log()).toMatch(/RSA RESULT/);
      expect(asterisk.log()).not.toMatch(/MD5 RESULT/);
    });

    test('with RSA keys that are not theirs: neither registers nor is called', async () => {
      const asterisk = await startCentreWith(
        'auth=rsa\ninkeys=branchkey\noutkey=centrekey\nqualify=no',
        `[direct]
type=peer
host=${BRANCH}
username=hq
auth=rsa
outkey=centrekey`,
      );
      const branch = (office = await startBranch({
        auth: '[rsa]',
        hq: `inKeys: [${keys.stranger.publicFile}]\noutKey: ${keys.stranger.privateFile}`,
      }));
      const { trunks } = await branch.waitForRegistration('hq', 'rejected', 8_000);
      expect(trunks['hq']?.reason).toMatch(/\w/);
      await expectRefusal(asterisk, branch, 'IAX2/direct/201');
      expect((await branch.status()).dropped['iax2.auth-failed']).toBeGreaterThan(0);
    });

    test('in plain text where both ends name it', async () => {
      const asterisk = await startCentreWith('auth=plaintext');
      const branch = (office = await startBranch({ auth: '[plaintext]' }));
      await branch.waitForRegistration('hq', 'registered', 5_000);
      await expectCallToCentre(branch);
      await expectCallFromCentre(asterisk, branch, 'IAX2/branch1/201');
    });

    test('never in plain text where only the other end wants it', async () => {
      const asterisk = await startCentreWith('auth=plaintext');
      await asterisk.cli('iax2 set debug on');
      const branch = (office = await startBranch());
      const { trunks } = await branch.waitForStatus('a refusal', 8_000, (it) =>
        ['rejected', 'no-auth'].includes(it.trunks['hq']?.registration?.state ?? ''),
      );
      expect(trunks['hq']?.reason).toMatch(/\w/);
      expect(asterisk.log()).toMatch(/REGREQ/);
      expect(asterisk.log()).not.toMatch(/PASSWORD/);
      expect(`${asterisk.log()}${branch.log}`).not.toContain(SECRET);
    });

    test('with any of several secrets, and with the last of ours', async () => {
      const asterisk = await startCentreWith(
        'qualify=no',
        `[elder]
type=peer
host=${BRANCH}
username=hq
secret=the-elder-one
auth=md5
[wrong]
type=peer
host=${BRANCH}
username=hq
secret=none-of-them
auth=md5`,
      );
      const branch = (office = await startBranch({ secret: `[the-elder-one, ${SECRET}]` }));
      await branch.waitForRegistration('hq', 'registered', 5_000);
      await expectCallToCentre(branch);
      await expectCallFromCentre(asterisk, branch, 'IAX2/branch1/201');
      await expectCallFromCentre(asterisk, branch, 'IAX2/elder/201');
      await expectRefusal(asterisk, branch, 'IAX2/wrong/201');
    });

    test('does not help from an address that may not come', async () => {
      const asterisk = await startCentreWith('');
      const branch = (office = await startBranch({ hq: 'allowFrom: [192.0.2.0/24]' }));
      await branch.waitForRegistration('hq', 'registered', 5_000);
      await expectRefusal(asterisk, branch, 'IAX2/branch1/201');
      expect((await branch.status()).dropped['iax2.unknown-user']).toBeGreaterThan(0);
    });

    test('counts from an address that the last rule that fits permits', async () => {
      const asterisk = await startCentreWith('');
      const branch = (office = await startBranch({
        hq: `acl: [{ permit: ${CENTRE}/32 }, { deny: 0.0.0.0/0 }, { permit: 127.0.0.0/8 }]`,
      }));
      await branch.waitForRegistration('hq', 'registered', 5_000);
      await expectCallFromCentre(asterisk, branch, 'IAX2/branch1/201');
      await branch.stop();
    });

    test('does not count where the last rule that fits denies', async () => {
      const asterisk = await startCentreWith('');
      const branch = (office = await startBranch({
        hq: `acl: [{ permit: 127.0.0.0/8 }, { deny: ${CENTRE}/32 }]`,
      }));
      await branch.waitForRegistration('hq', 'registered', 5_000);
      await expectRefusal(asterisk, branch, 'IAX2/branch1/201');
    });

    test('or not: a name that nobody here has is challenged like any other, then refused', async () => {
      const asterisk = await startCentreWith(
        'qualify=no',
        `[known]
type=peer
host=${BRANCH}
username=hq
secret=guessed
auth=md5
[unknown]
type=peer
host=${BRANCH}
username=nobody-of-this-name
secret=guessed
auth=md5`,
      );
      const branch = (office = await startBranch());
      await branch.waitForRegistration('hq', 'registered', 5_000);
      await asterisk.cli('iax2 set debug on');
      const flowOf = async (channel: string): Promise<string[]> => {
        const from = asterisk.log().length;
        await expectRefusal(asterisk, branch, channel);
        await asterisk.waitForLog(/Subclass: REJECT/, 4_000, from);
        // Who sends what, without the keep-alives of the peer.
        return (
          [
            ...asterisk
              .log()
              .slice(from)
              .matchAll(/[RT]x-Frame Retry\[ *(\w+)\].*Subclass: (\S+)/g),
          ]
            // Where the machine stands still, a frame goes again.
            .flatMap(([, retry, name]) => (/^(?:No|000)$/.test(retry!) ? [name!] : []))
            .filter((name) => /^(NEW|CALLTOKEN|AUTHREQ|AUTHREP|REJECT|ACCEPT|HANGUP)$/.test(name))
        );
      };
      const known = await flowOf('IAX2/known/201');
      expect(known).toContain('AUTHREQ');
      expect(await flowOf('IAX2/unknown/201')).toEqual(known);
    });
  });
});
