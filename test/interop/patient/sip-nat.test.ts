import { createSocket, type Socket } from 'node:dgram';
import { execPath, getuid } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Appliance, bundle, startAppliance } from '../../support/appliance.ts';
import { strongestHz } from '../../support/audio.ts';
import { BRANCH, branchConfig, WEB } from '../../support/branch-office.ts';
import { loopbackAddress } from '../../support/loopback.ts';
import { NatRouter } from '../../support/nat-router.ts';
import { describeWithPeers } from '../../support/peers.ts';
import { ScriptedPhone, sdpOf } from '../../support/scripted-phone.ts';
import { pause, waitUntil } from '../../support/wait-until.ts';

const DIALPLAN = `exten => 600,1,Answer
exten => 600,2,Echo
`;

const sip = (ip: string) => `sip:
  listen: ["udp://${ip}:5060"]
  qualify: { every: 5s, timeout: 2s }
  phones:
    "211": { secret: secret-211, context: office }`;

/** The phone calls the echo and hears itself; line 1 calls the phone and both hear each other. */
async function worksBothWays(office: Appliance, phone: ScriptedPhone): Promise<void> {
  const made = await phone.invite('600', sdpOf(phone.rtp));
  expect(made.answer.status).toBe(200);
  phone.confirm(made.call);
  phone.speak(700);
  const hears = () => phone.heardMs > 400 && Math.abs(strongestHz(phone.heard(300)) - 700) < 12;
  await waitUntil('the echo', 4_000, hears);
  expect((await phone.ask(made.call, { method: 'BYE' })).status).toBe(200);
  phone.silent();
  await office.waitForNoCalls();
  await isCalled(office, phone);
}

async function isCalled(office: Appliance, phone: ScriptedPhone): Promise<void> {
  await office.lift(1);
  await office.waitForLine(1, 'dial-tone', 5_000);
  await office.dial(1, '211');
  const invite = await phone.request('INVITE');
  phone.followSdp(invite);
  phone.answer(invite, '200 OK', 'nat', [], sdpOf(phone.rtp));
  await phone.request('ACK');
  phone.speak(700);
  await office.waitForLine(1, 'talking', 5_000);
  await waitUntil(
    'the phone at the line',
    4_000,
    async () => Math.abs(strongestHz(await office.heard(1, 1)) - 700) < 12,
  );
  await office.hangUp(1);
  await phone.request('BYE');
  phone.silent();
  await office.waitForLine(1, 'idle', 5_000);
}

const NATS = ['full cone', 'address restricted', 'port restricted', 'symmetric'] as const;
/** Mappings of the routers last so long; the phones are asked for signs of life more often. */
const MAPPING_S = 7;

describeWithPeers('a phone behind a NAT', ['nftables', 'iproute2'], () => {
  describe.concurrent('registers, calls and is called with sound both ways, again when its mapping is older than it lasts', () => {
    it.skipIf(getuid?.() !== 0).each(NATS.map((nat, index) => ({ nat, index })))(
      'that is $nat',
      async ({ nat, index }) => {
        const router = new NatRouter(nat, index, MAPPING_S);
        const { beyond } = router;
        const config = branchConfig({ sections: sip(beyond), dialplan: DIALPLAN, bind: `${beyond}:4569` });
        const office = new Appliance({
          config: config.replace(/^web:.*$/m, ''),
          command: router.command(execPath, bundle),
        });
        const phone = await ScriptedPhone.open({
          ...{ user: '211', secret: 'secret-211', ip: router.phones, server: { ip: beyond, port: 5060 } },
        });
        try {
          await office.start();
          const registered = await phone.register();
          expect(registered.status).toBe(200);
          expect(registered.vias[0]!.parameters.get('received')).toBe(router.outside);
          await worksBothWays(office, phone);
          await pause(1_000 * (MAPPING_S + 1));
          expect((await office.status()).phones['211']!.state).toBe('registered');
          await isCalled(office, phone);
        } finally {
          await phone.close();
          await office.dispose();
          router.dispose();
        }
      },
    );
  });
});

/** A router that means well: it rewrites SIP in both directions, wrongly. Its RTP goes by unseen. */
class ApplicationGateway {
  private phone: { readonly ip: string; readonly port: number } | undefined;

  private constructor(
    readonly inside: Socket,
    private readonly outside: Socket,
  ) {
    inside.on('message', (bytes, from) => {
      this.phone = { ip: from.address, port: from.port };
      outside.send(this.rewritten(bytes.toString()), 5060, BRANCH);
    });
    outside.on('message', (bytes) => {
      if (this.phone !== undefined) inside.send(bytes, this.phone.port, this.phone.ip);
    });
  }

  static async open(ip: string): Promise<ApplicationGateway> {
    const sockets = [createSocket('udp4'), createSocket('udp4')] as const;
    for (const socket of sockets) await new Promise<void>((resolve) => socket.bind({ address: ip, port: 0 }, resolve));
    return new ApplicationGateway(...sockets);
  }

  /** Addresses of another network, ports where nobody is, and a body whose length is right by chance. */
  private rewritten(text: string): string {
    const [head = '', body = ''] = text.split('\r\n\r\n', 2);
    const changedBody = body
      .replaceAll(/(c=IN IP4|o=\S+ \d+ \d+ IN IP4) \S+/g, '$1 192.168.178.99')
      .replace(/m=audio \d+/, 'm=audio 9');
    const changedHead = head
      .replace(/^Contact: <sip:(\w+)@[^>]*>/m, 'Contact: <sip:$1@192.168.178.99:1>')
      .replace(
        /^(?<before>Via: SIP\/2\.0\/UDP )[^;]+;/m,
        text.startsWith('SIP/2.0') ? '$&' : '$<before>192.168.178.99:1;',
      )
      .replace(/^Content-Length: \d+/m, `Content-Length: ${Buffer.byteLength(changedBody)}`);
    return `${changedHead}\r\n\r\n${changedBody}`;
  }

  async close(): Promise<void> {
    for (const socket of [this.inside, this.outside])
      await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
}

describe('a box behind a router', () => {
  const OUTSIDE = '203.0.113.77';

  it('tells phones outside the address of the router, and those on its side its own [RFC3261 §8.1.1.8]', async () => {
    const near = loopbackAddress(61);
    const net = `net: { external: ${OUTSIDE}, localNets: [${near}/32] }`;
    const config = branchConfig({ sections: `${sip(BRANCH)}\n${net}`, dialplan: DIALPLAN });
    const office = await startAppliance({ config, web: WEB });
    const server = { ip: BRANCH, port: 5060 };
    const phones = await Promise.all(
      [near, loopbackAddress(62)].map((ip) => ScriptedPhone.open({ user: '211', secret: 'secret-211', ip, server })),
    );
    try {
      for (const [index, phone] of phones.entries()) {
        const told = index === 0 ? BRANCH : OUTSIDE;
        expect((await phone.register()).status).toBe(200);
        const { answer, call } = await phone.invite('600', sdpOf(phone.rtp));
        expect(answer.headers.get('Contact')).toBe(`<sip:${told}:5060>`);
        expect(phone.texts.at(-1)).toContain(`c=IN IP4 ${told}\r\n`);
        phone.confirm(call);
        expect((await phone.ask(call, { ...{ method: 'BYE', uri: `sip:600@${BRANCH}` } })).status).toBe(200);
        await office.waitForNoCalls();
        await office.lift(1);
        await office.waitForLine(1, 'dial-tone', 5_000);
        await office.dial(1, '211');
        const invite = await phone.request('INVITE');
        expect(invite.vias[0]!.host).toBe(told);
        expect(phone.texts.at(-1)).toContain(`c=IN IP4 ${told}\r\n`);
        phone.answer(invite, '486 Busy Here', 'busy');
        await office.hangUp(1);
        await office.waitForNoCalls();
      }
    } finally {
      await Promise.all(phones.map((phone) => phone.close()));
      await office.dispose();
    }
  });
});

describe('a SIP ALG in the path', () => {
  let office: Appliance;
  let gateway: ApplicationGateway;
  let phone: ScriptedPhone;

  beforeAll(async () => {
    office = await startAppliance({ config: branchConfig({ sections: sip(BRANCH), dialplan: DIALPLAN }), web: WEB });
    const router = loopbackAddress(60);
    gateway = await ApplicationGateway.open(router);
    const { address, port } = gateway.inside.address();
    phone = await ScriptedPhone.open({
      ...{ user: '211', secret: 'secret-211', ip: router, server: { ip: address, port } },
      domain: BRANCH,
    });
  });

  afterAll(async () => {
    await phone?.close();
    await gateway?.close();
    await office?.dispose();
  });

  it('that writes wrong addresses into Via, Contact and SDP does not keep voice from going both ways', async () => {
    expect((await phone.register()).status).toBe(200);
    await worksBothWays(office, phone);
  });
});
