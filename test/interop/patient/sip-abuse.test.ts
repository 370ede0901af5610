import { createSocket, type Socket } from 'node:dgram';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventSchema } from '../../../src/status/event.ts';
import { type Appliance, startAppliance } from '../../support/appliance.ts';
import { strongestHz } from '../../support/audio.ts';
import { BRANCH, branchConfig, CENTRE, WEB } from '../../support/branch-office.ts';
import { loopbackAddress } from '../../support/loopback.ts';
import { watchBroker } from '../../support/mqtt-watcher.ts';
import { type ScriptedCall, ScriptedPhone, sdpOf } from '../../support/scripted-phone.ts';
import { pause, waitUntil } from '../../support/wait-until.ts';

const SERVER = { ip: BRANCH, port: 5060 };
const vectors = join(import.meta.dirname, '../../vectors/sip-tls');

const SIP = `sip:
  listen: [udp://${BRANCH}:5060, tcp://${BRANCH}:5060, tls://${BRANCH}:5061]
  tls: { cert: { file: ${join(vectors, 'cert.pem')} }, key: { file: ${join(vectors, 'key.pem')} } }
  phones:
    "211": { secret: secret-211, context: office }
    "212": { secret: secret-212, context: office }
  trunks:
    town: { registrar: "sip:${CENTRE}:PORT" }
emergency: { via: [SIP/town] }
mqtt: { embedded: { listen: "${BRANCH}:1883", users: { watch: { password: watch } } } }`;

const DIALPLAN = `exten => 601,1,Answer
exten => 601,2,Milliwatt
`;

/** A message as a stranger sends it; `n` makes it another one than the one before. */
function stray(method: string, n: number, from: string, more: readonly string[] = []): string {
  const lines = [
    `${method} sip:100@${BRANCH} SIP/2.0`,
    `Via: SIP/2.0/UDP ${from}:5060;branch=z9hG4bK-${from}-${n};rport`,
    `From: <sip:100@${BRANCH}>;tag=${n}`,
    `To: <sip:100@${BRANCH}>`,
    `Call-ID: ${n}@${from}`,
    `CSeq: 1 ${method}`,
    `Contact: <sip:100@${from}>`,
    'Max-Forwards: 70',
    ...more,
    'Content-Length: 0',
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Eighty connections of each kind that keep their places: dripping, silent, and half-way through a TLS handshake. */
function openHoarders() {
  const opened = (port: number, ip: string) =>
    Array.from({ length: 80 }, () => {
      const socket = connect({ host: BRANCH, port, localAddress: ip });
      const state = { closed: false };
      socket.on('close', () => {
        state.closed = true;
      });
      socket.on('error', () => {});
      socket.resume();
      return { socket, state };
    });
  const slow = opened(5060, loopbackAddress(32));
  const mute = opened(5060, loopbackAddress(33));
  const half = opened(5061, loopbackAddress(34));
  for (const { socket } of half) socket.write(Buffer.from('160301020001', 'hex'));
  const drip = setInterval(() => {
    for (const { socket, state } of slow) if (!state.closed) socket.write('O');
  }, 1_000);
  const all = [...slow, ...mute, ...half];
  const dispose = () => {
    clearInterval(drip);
    for (const { socket } of all) socket.destroy();
  };
  return { all, dispose };
}

describe('SIP under attack', () => {
  let office: Appliance;
  let phone: ScriptedPhone;
  let town: ScriptedPhone;
  let call: ScriptedCall;
  const attackers: Socket[] = [];
  let watcher: Awaited<ReturnType<typeof watchBroker>>;
  let hoarders: ReturnType<typeof openHoarders> | undefined;

  beforeAll(async () => {
    town = await ScriptedPhone.open({ user: 'town', secret: '', server: SERVER, ip: CENTRE });
    const sections = SIP.replace('PORT', String(town.sip.port));
    office = await startAppliance({ config: branchConfig({ sections, dialplan: DIALPLAN }), web: WEB });
    await office.waitForStatus('its broker', 10_000, ({ mqtt }) => mqtt?.state === 'connected');
    watcher = await watchBroker(`mqtt://watch:watch@${BRANCH}:1883`);
    phone = await ScriptedPhone.open({ user: '211', secret: 'secret-211', server: SERVER });
    expect((await phone.register()).status).toBe(200);
    const made = await phone.invite('601', sdpOf(phone.rtp));
    expect(made.answer.status).toBe(200);
    call = made.call;
    phone.confirm(call);
    phone.speak(700);
    hoarders = openHoarders();
  });

  afterEach(async () => {
    for (const socket of attackers.splice(0)) await new Promise<void>((resolve) => socket.close(() => resolve()));
  });

  afterAll(async () => {
    hoarders?.dispose();
    await phone?.close();
    await town?.close();
    await watcher?.close();
    await office?.dispose();
  });

  async function attacker(ip: string): Promise<Socket> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind({ address: ip, port: 0 }, resolve));
    attackers.push(socket);
    return socket;
  }

  const dropped = async (reason: string) => (await office.status()).dropped[reason] ?? 0;

  /** Waits until whoever watches from afar is told that somebody at that address, if one is given, did this. */
  const told = (what: string, ip = '') =>
    waitUntil(`${what} to be told of`, 5_000, () =>
      watcher.messages
        .filter(({ topic }) => topic === 'branchline/branch-1/events')
        .map(({ payload }) => eventSchema.parse(JSON.parse(payload)))
        .find((event) => event.what === what && String(event.details['from']).startsWith(ip)),
    );

  /** Sends so many each 10 ms, until it was so many. */
  async function flood(send: (n: number) => void, each10ms: number, count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      send(n);
      if (n % each10ms === each10ms - 1) await pause(10);
    }
  }

  /** The call goes on while that happens, and its tone is heard. A machine that stands still for a second is not the attack's doing. */
  async function unharmed<Result>(during: () => Promise<Result>): Promise<Result> {
    const startMs = performance.now();
    const before = phone.heardMs;
    const result = await during();
    const elapsedMs = performance.now() - startMs;
    expect(phone.heardMs - before).toBeGreaterThan(0.5 * elapsedMs - 1_000);
    await waitUntil('its tone', 5_000, () => Math.abs(strongestHz(phone.heard(500)) - 1004) < 5);
    expect((await office.status()).calls).toMatchObject([{ from: '211', state: 'talking' }]);
    return result;
  }

  /** Somebody dials 112 at a line, whoever is behind the trunk hears of it, and the call stands until `over`. */
  async function emergencyWorks(over: Promise<unknown> = Promise.resolve()): Promise<void> {
    await office.lift(1);
    await office.waitForLine(1, 'dial-tone', 5_000);
    await office.dial(1, '112');
    const invite = await town.request('INVITE', 8_000);
    expect(invite.uri).toMatchObject({ user: '112' });
    town.answer(invite, '200 OK', 'town', [], sdpOf(town.rtp));
    await town.request('ACK');
    await office.waitForLine(1, 'talking', 5_000);
    await over;
    const before = town.heardMs;
    await waitUntil('voice of the emergency call', 5_000, () => town.heardMs > before + 500);
    await office.waitForLine(1, 'talking', 1_000);
    town.send(town.callOf(invite, 'town'), { method: 'BYE', uri: town.callOf(invite, 'town').target });
    await office.hangUp(1);
    await office.waitForLine(1, 'idle', 5_000);
    await office.waitForStatus('the emergency call to be over', 5_000, ({ calls }) => calls.length === 1);
  }

  it.each(['INVITE', 'REGISTER', 'OPTIONS'])(
    'a flood of %s from one address is dropped unread and told of',
    async (method) => {
      const ip = loopbackAddress({ INVITE: 20, REGISTER: 21, OPTIONS: 22 }[method]!);
      const socket = await attacker(ip);
      const before = await dropped('sip.flood');
      await unharmed(async () => {
        const flooding = flood((n) => socket.send(stray(method, n, ip), 5060, BRANCH), 20, 3_000);
        await waitUntil('it to be too much', 5_000, async () => (await dropped('sip.flood')) > before);
        await emergencyWorks(flooding);
      });
      expect((await dropped('sip.flood')) - before).toBeGreaterThan(1_500);
      expect(await told('flood', ip)).toMatchObject({ kind: 'security', severity: 'warn' });
    },
  );

  it('a flood from many addresses leaves registered phones their service, and another call comes up meanwhile', async () => {
    const sockets = await Promise.all(Array.from({ length: 150 }, (_, i) => attacker(loopbackAddress(50 + i))));
    const second = await ScriptedPhone.open({ user: '212', secret: 'secret-212', server: SERVER });
    expect((await second.register()).status).toBe(200);
    const before = await dropped('sip.flood-of-many');
    await unharmed(async () => {
      const methods = ['INVITE', 'REGISTER', 'OPTIONS'];
      const send = (n: number) =>
        sockets[n % 150]!.send(stray(methods[n % 3]!, n, sockets[n % 150]!.address().address), 5060, BRANCH);
      const flooding = flood(send, 20, 4_000);
      await waitUntil('it to be too much', 5_000, async () => (await dropped('sip.flood-of-many')) > before);
      const { call: other, answer } = await second.invite('601', sdpOf(second.rtp));
      expect(answer.status).toBe(200);
      second.confirm(other);
      expect((await second.ask(other, { method: 'BYE' })).status).toBe(200);
      await emergencyWorks(flooding);
    });
    await second.close();
    expect((await dropped('sip.flood-of-many')) - before).toBeGreaterThan(1_000);
    await told('flood-of-many');
  });

  it('a flood in the name of a registered phone costs neither its call nor an emergency call', async () => {
    await unharmed(async () => {
      const flooding = flood((n) => phone.write(stray('INVITE', n, phone.sip.ip)), 20, 3_000);
      await emergencyWorks(flooding);
    });
  });

  it('a scanner gets no answer', async () => {
    const ip = loopbackAddress(30);
    const socket = await attacker(ip);
    const answers: string[] = [];
    socket.on('message', (bytes) => answers.push(bytes.toString()));
    const before = await dropped('sip.scanner');
    for (const [n, agent] of ['friendly-scanner', 'sipvicious 0.3', 'sipcli/v1.8', 'pplsip'].entries())
      socket.send(stray('OPTIONS', n, ip, [`User-Agent: ${agent}`]), 5060, BRANCH);
    await waitUntil('the scanner to be counted', 2_000, async () => (await dropped('sip.scanner')) === before + 4);
    expect(answers).toEqual([]);
    await told('scanner', ip);
  });

  it('who guesses secrets is locked out, and the phone beside it at the same address goes on', async () => {
    const thief = await ScriptedPhone.open({ user: '212', secret: 'guess-canary', server: SERVER });
    const before = await dropped('sip.locked-out-request');
    for (let i = 0; i < 5; i++) expect((await thief.register()).status).toBe(401);
    void thief.register().catch(() => {});
    const isDeaf = async () => (await dropped('sip.locked-out-request')) > before;
    await waitUntil('it to be unheard', 2_000, isDeaf);
    expect(await told('locked-out')).toMatchObject({ kind: 'security', details: { username: '212' } });
    expect(watcher.messages.filter(({ payload }) => payload.includes('guess-canary'))).toEqual([]);
    expect((await phone.register()).status).toBe(200);
    await thief.close();
  });

  it('huge headers, endless folding and a thousand Vias cost one answer each', async () => {
    const ip = loopbackAddress(31);
    const socket = await attacker(ip);
    const huge = [`Subject: ${'a'.repeat(60_000)}`];
    const folded = [`Subject: a${'\r\n b'.repeat(15_000)}`];
    const vias = Array.from({ length: 1_000 }, (_, i) => `Via: SIP/2.0/UDP h${i};branch=z9hG4bK${i}`);
    let answers = 0;
    socket.on('message', () => answers++);
    await unharmed(async () => {
      for (const [n, more] of [huge, folded, vias].entries()) {
        const text = stray('OPTIONS', 1_000 + n, ip, more);
        if (text.length < 65_507) socket.send(text, 5060, BRANCH);
      }
      await waitUntil('three answers', 3_000, () => answers >= 3);
      await pause(300);
    });
    expect(answers).toBe(3);
  });

  it('header fields without end over TCP are counted, and end their connection', async () => {
    const before = await dropped('sip.too-large');
    await unharmed(async () => {
      const socket = connect({ host: BRANCH, port: 5060, localAddress: loopbackAddress(36) });
      const state = { closed: false };
      socket
        .on('error', () => {})
        .on('close', () => {
          state.closed = true;
        });
      socket.resume();
      socket.write(`OPTIONS sip:100@${BRANCH} SIP/2.0\r\nSubject: `);
      for (let i = 0; i < 16; i++) socket.write('a'.repeat(8_192));
      await waitUntil('it to be closed', 5_000, () => state.closed);
    });
    expect((await dropped('sip.too-large')) - before).toBe(1);
  });

  it('RTP from elsewhere is neither heard nor followed', async () => {
    const socket = await attacker(loopbackAddress(35));
    const [, port] = /m=audio (\d+)/.exec(phone.texts.find((text) => text.includes('m=audio')) ?? '')!;
    const packet = Buffer.alloc(172, 0xd5);
    packet[0] = 0x80;
    packet[1] = 0;
    let stolen = 0;
    socket.on('message', () => stolen++);
    const before = await dropped('media.rtp-foreign');
    await unharmed(() =>
      flood(
        (n) => {
          packet.writeUInt16BE(n & 0xffff, 2);
          socket.send(Buffer.from(packet), Number(port), BRANCH);
        },
        5,
        1_000,
      ),
    );
    expect(stolen).toBe(0);
    expect((await dropped('media.rtp-foreign')) - before).toBeGreaterThan(500);
  });

  it('connections that trickle, that say nothing or that never end their TLS handshake are closed meanwhile', async () => {
    await waitUntil('all to be closed', 20_000, () => hoarders!.all.every(({ state }) => state.closed));
    const { dropped: counts } = await office.status();
    for (const reason of ['sip.connection-unproven', 'sip.connection-idle', 'sip.tls-handshake'])
      expect(counts[reason], reason).toBeGreaterThanOrEqual(64);
    expect(counts['sip.too-many-connections']).toBeGreaterThanOrEqual(3 * 16);
  });

  it('a flood of connections from many addresses, over TCP and TLS, costs no call and no emergency call', async () => {
    const before = await dropped('sip.connection-flood-of-many');
    const hello = Buffer.from('160301020001', 'hex');
    const open = (n: number) => {
      const isTls = n % 2 === 1;
      const socket = connect({
        host: BRANCH,
        port: isTls ? 5061 : 5060,
        localAddress: loopbackAddress(50 + (n % 150)),
      });
      socket.on('error', () => {});
      socket.resume();
      if (isTls) socket.write(hello);
      setTimeout(() => socket.destroy(), 500);
    };
    await unharmed(async () => {
      const flooding = (async () => {
        // More than the rate lets in even on a machine that takes half a minute for it.
        for (let n = 0; n < 1_600; n++) {
          open(n);
          if (n % 8 === 7) await pause(10);
        }
      })();
      await emergencyWorks(flooding);
    });
    expect((await dropped('sip.connection-flood-of-many')) - before).toBeGreaterThan(0);
  });

  it('at the end nothing of it is left: the phone hangs up, and no call stands', async () => {
    expect((await phone.ask(call, { method: 'BYE' })).status).toBe(200);
    await office.waitForNoCalls();
  });
});
