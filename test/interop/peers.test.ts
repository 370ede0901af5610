import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Asterisk, startAsterisk } from '../support/asterisk.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { describeAsterisk } from '../support/peers.ts';

const IAX = `[general]
bindaddr=@BIND@
disallow=all
allow=ulaw
[other]
type=friend
username=one
secret=s3cret
auth=md5
requirecalltoken=yes
context=in
qualify=yes
qualifyfreqok=1000
qualifyfreqnotok=1000
`;

describeAsterisk('two instances beside each other', (version) => {
  let one: Asterisk;
  let two: Asterisk;

  beforeAll(async () => {
    const at = (n: number) => loopbackAddress(n);
    const extensions = 'exten => 600,1,Answer()\n same => n,Echo()\nexten => 601,1,Answer()\n same => n,Milliwatt()';
    const files = (host: string, name: string) => ({
      'iax.conf': `${IAX.replace('[other]', `[${name}]`).replace('username=one', `username=${name === 'one' ? 'two' : 'one'}`)}host=${host}`,
      'extensions.conf': `[in]\n${extensions}`,
    });
    [one, two] = await Promise.all([
      startAsterisk({ version, bind: at(1), files: files(at(2), 'two') }),
      startAsterisk({ version, bind: at(2), files: files(at(1), 'one') }),
    ]);
  });

  afterAll(async () => {
    await Promise.all([one?.dispose(), two?.dispose()]);
  });

  test('reach each other and set up a call', async () => {
    await one.waitForCli('iax2 show peers', /OK \(\d+ ms\)/, 5_000);
    await one.originate('IAX2/two/601', { application: 'Wait', data: '5' });
    await two.waitForCli('core show channels concise', /Milliwatt/, 3_000);
    expect(await one.channelCount()).toBe(1);
    await one.cli('channel request hangup all');
    await two.waitForCli('core show channels count', /0 active channels/, 3_000);
  });

  test('stop answering on SIGSTOP, and come back on SIGCONT', async () => {
    two.signal('SIGSTOP');
    await one.waitForCli('iax2 show peers', /UNREACHABLE/, 20_000);
    two.signal('SIGCONT');
    await one.waitForCli('iax2 show peers', /OK \(\d+ ms\)/, 15_000);
  });
});
