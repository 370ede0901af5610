import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { IAX_SUBCLASS } from '../../src/iax2/subclass.ts';
import type { Appliance } from '../support/appliance.ts';
import type { Asterisk } from '../support/asterisk.ts';
import { CENTRE, SECRET, startBranch, startCentre } from '../support/branch-office.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { describeAsterisk } from '../support/peers.ts';

/** Nobody answers there, as at a dead centre. */
const NOBODY = loopbackAddress(9);

const peer = (name: string, host: string, qualify: string) => `    ${name}:
      type: friend
      host: ${host}
      username: branch1
      secret: ${SECRET}
      codecs: [ulaw]
${qualify}`;

const DIALPLAN = `exten => _81XX,1,Dial(IAX2/unknown/6\${EXTEN:2},60)
exten => _81XX,2,Dial(IAX2/hq/6\${EXTEN:2},60)
exten => _82XX,1,Dial(IAX2/known/6\${EXTEN:2},60)
exten => _82XX,2,Dial(IAX2/hq/6\${EXTEN:2},60)
`;

describeAsterisk('Dial goes to the next priority when the first centre is dead', (version) => {
  let centre: Asterisk | undefined;
  let office: Appliance | undefined;
  let stopped: Asterisk | undefined;
  let nobody: Socket | undefined;

  afterEach(async () => {
    await office?.dispose();
    await centre?.dispose();
    await stopped?.dispose();
    nobody?.close();
    [office, centre, stopped, nobody] = [undefined, undefined, undefined, undefined];
  });

  async function reachesTheLiving(number: string): Promise<void> {
    await office!.lift(1);
    await office!.waitForLine(1, 'dial-tone', 2_000);
    await office!.dial(1, number);
    await office!.waitForLine(1, 'talking', 15_000);
    await office!.rest(1);
  }

  test('long before Dial gives up where that is not known, and without asking it where it is', async () => {
    /** Frames that came to the one that is known dead, by subclass. */
    const asked: number[] = [];
    nobody = createSocket('udp4').on('message', (bytes) => asked.push(bytes[11]!));
    nobody.bind(4569, NOBODY);
    await once(nobody, 'listening');
    stopped = await startCentre(version, {}, loopbackAddress(8));
    centre = await startCentre(version, {}, CENTRE);
    office = await startBranch({
      peers: [
        peer('unknown', loopbackAddress(8), ''),
        peer('known', NOBODY, '      qualify: { every: 1s, timeout: 500ms }\n'),
      ].join(''),
      dialplan: DIALPLAN,
    });
    await office.waitForRegistration('hq', 'registered', 5_000);
    await office.waitForStatus('one to be known dead', 6_000, (it) => it.trunks['known']?.reachable === false);
    stopped.signal('SIGSTOP');

    await reachesTheLiving('8201');
    expect(asked).toContain(IAX_SUBCLASS.POKE);
    expect(asked).not.toContain(IAX_SUBCLASS.NEW);
    await reachesTheLiving('8101');
  });
});
