import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Appliance, startAppliance } from '../../support/appliance.ts';
import { strongestHz } from '../../support/audio.ts';
import { BRANCH, branchConfig, WEB } from '../../support/branch-office.ts';
import { type Habits, type ScriptedCall, ScriptedPhone, type SdpOptions, sdpOf } from '../../support/scripted-phone.ts';
import { pause, waitUntil } from '../../support/wait-until.ts';

const SERVER = { ip: BRANCH, port: 5060 };

/** Each make has a user, and a plain phone that it talks to. */
const users = (from: number) => Array.from({ length: 9 }, (_, i) => String(from + i));
const SIP = `sip:
  listen: [udp://${BRANCH}:5060]
  phones:
${[...users(211), ...users(221), '231', '232', '233'].map((user) => `    "${user}": { secret: secret-${user}, context: office }`).join('\n')}`;

const DIALPLAN = `exten => 600,1,Answer
exten => 600,2,Echo
exten => 601,1,Answer
exten => 601,2,Milliwatt
exten => 603,1,Answer
exten => 603,2,Read(DIGITS,,3,,1,10)
exten => 603,3,GotoIf($["\${DIGITS}" = "159"]?right)
exten => 603,4,Hangup(21)
exten => 603,5(right),Milliwatt
`;

/** What a make of phone offers and how it does what every phone does; each trait as the make is known for it. */
interface Make {
  readonly habits: Habits;
  readonly offer: SdpOptions;
  /** Payload type of telephone events; without one its keys come by INFO. */
  readonly events?: number;
  readonly ptimeMs?: number;
  /** How it puts a call on hold. */
  readonly hold: SdpOptions;
  /** It describes its media in ACK, not in INVITE. */
  readonly offersLate?: true;
  /** Its REFER says nothing of who refers. */
  readonly refers?: readonly string[];
  readonly payloadType?: number;
}

const events = (type: number) => [`rtpmap:${type} telephone-event/8000`, `fmtp:${type} 0-15`];

const MAKES: Readonly<Record<string, Make>> = {
  'Yealink T4x': {
    habits: {
      headers: ['User-Agent: Yealink SIP-T46S 66.85.0.5', 'Allow-Events: talk,hold,conference,refer,check-sync'],
    },
    offer: {
      formats: '0 8 18 9 101',
      attributes: ['rtpmap:0 PCMU/8000', 'rtpmap:8 PCMA/8000', 'rtpmap:18 G729/8000', 'fmtp:18 annexb=no'].concat([
        'rtpmap:9 G722/8000',
        ...events(101),
        'ptime:20',
        'sendrecv',
      ]),
    },
    events: 101,
    hold: { attributes: ['sendonly'] },
  },
  'Snom 7xx': {
    habits: {
      headers: [
        'User-Agent: snom725/8.9.3.80',
        'Allow-Events: talk, hold, refer, call-info',
        'Supported: timer, replaces, from-change',
      ],
      contact: (user, { ip, port }) =>
        `<sip:${user}@${ip}:${port};line=k2v9x0bq>;reg-id=1;q=1.0;+sip.instance="<urn:uuid:dd3f1a2e-7e2f-4c6c-8b1e-0004132F0B32>";audio;mobility="fixed";duplex="full"`,
    },
    offer: {
      formats: '9 0 8 3 99 112 18 101',
      attributes: [
        'rtpmap:9 G722/8000',
        'rtpmap:99 G726-32/8000',
        'rtpmap:112 AAL2-G726-32/8000',
        ...events(101),
        'ptime:20',
        'sendrecv',
      ],
    },
    events: 101,
    hold: { attributes: ['sendonly'] },
  },
  'Grandstream GXP': {
    habits: {
      headers: [
        'User-Agent: Grandstream GXP2160 1.0.11.16',
        'Privacy: none',
        'Supported: replaces, path, timer, eventlist',
      ],
    },
    offer: { formats: '8 0 2 101', attributes: ['ptime:20', 'sendrecv', ...events(101)] },
    events: 101,
    payloadType: 8,
    hold: { attributes: ['sendonly', 'ptime:20'] },
  },
  'Cisco SPA': {
    habits: { via: '', headers: ['User-Agent: Cisco/SPA504G-7.6.2', 'Supported: replaces'] },
    offer: {
      formats: '0 2 8 18 96 97 98 101',
      attributes: ['rtpmap:96 G726-40/8000', ...events(101), 'ptime:30', 'sendrecv'],
    },
    events: 101,
    ptimeMs: 30,
    hold: { ip: '0.0.0.0', attributes: ['ptime:30', 'sendonly'] },
  },
  'Cisco 7960': {
    habits: { via: '', headers: ['User-Agent: Cisco-CP7960G/8.0', 'Remote-Party-ID: "211" <sip:211@x>;party=calling'] },
    offer: { formats: '0 8 18 101', attributes: events(101) },
    events: 101,
    hold: { ip: '0.0.0.0', attributes: [] },
    offersLate: true,
  },
  'Polycom VVX': {
    habits: {
      headers: [
        'User-Agent: PolycomVVX-VVX_410-UA/5.9.0',
        'Accept-Language: en',
        'Supported: replaces,100rel',
        'Allow-Events: conference,talk,hold',
      ],
      contact: (user, { ip, port }) =>
        `<sip:${user}@${ip}:${port}>;methods="INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, REFER"`,
    },
    offer: { formats: '9 0 8 18 127', attributes: [...events(127), 'sendrecv', 'rtcp:50001'] },
    events: 127,
    hold: { attributes: ['inactive'] },
    refers: ['Referred-By: <sip:211@x>'],
  },
  'Gigaset DECT': {
    habits: {
      headers: [
        'User-Agent: Gigaset N510 IP PRO/42.250.00',
        'Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, REFER, SUBSCRIBE, NOTIFY',
      ],
    },
    offer: { formats: '8 0 96', attributes: [...events(96), 'ptime:20', 'sendrecv'] },
    events: 96,
    payloadType: 8,
    hold: { attributes: ['sendonly'] },
  },
  'Fritz!Box': {
    habits: {
      headers: [
        'User-Agent: FRITZ!OS',
        'P-Preferred-Identity: <sip:211@x>',
        'Supported: 100rel,replaces,timer',
        'Session-Expires: 1800',
      ],
      contact: (user, { ip, port }) => `<sip:${user}@${ip}:${port};uniq=5F9A33D2C1E0B8A7>;expires=300;q=0.5`,
    },
    offer: { formats: '8 0 101', attributes: [...events(101), 'sendrecv', 'rtcp:40001'] },
    events: 101,
    payloadType: 8,
    hold: { attributes: ['sendonly'] },
  },
  'Linksys PAP, keys by INFO': {
    habits: { via: '', headers: ['User-Agent: Linksys/PAP2-3.1.9'] },
    offer: { formats: '0', attributes: ['ptime:60'] },
    ptimeMs: 60,
    hold: { ip: '0.0.0.0', attributes: [] },
  },
};

let office: Appliance;

beforeAll(async () => {
  const config = branchConfig({ sections: SIP, dialplan: DIALPLAN });
  office = await startAppliance({ config, web: WEB });
});

afterAll(async () => {
  await office?.waitForNoCalls(10_000);
  await office?.dispose();
});

/** A make of phone at work, and the plain phone that it talks to. */
class Desk {
  private constructor(
    private readonly make: Make,
    readonly phone: ScriptedPhone,
    readonly other: ScriptedPhone,
    private readonly otherUser: string,
  ) {}

  static async open(make: Make, index: number): Promise<Desk> {
    const open = (user: string, habits: Habits = {}) =>
      ScriptedPhone.open({ user, secret: `secret-${user}`, server: SERVER, habits });
    const [user, otherUser] = [users(211)[index]!, users(221)[index]!];
    const desk = new Desk(make, await open(user, make.habits), await open(otherUser), otherUser);
    for (const phone of [desk.phone, desk.other]) expect((await phone.register()).status).toBe(200);
    return desk;
  }

  async close(): Promise<void> {
    for (const phone of [this.phone, this.other]) await phone.close();
  }

  private get offer(): string {
    return sdpOf(this.phone.rtp, this.make.offer);
  }

  private get voice() {
    return { payloadType: this.make.payloadType ?? 0, ptimeMs: this.make.ptimeMs ?? 20 };
  }

  private hears(hz: number): Promise<boolean> {
    return hears(this.phone, hz, this.make.payloadType === 8 ? 'alaw' : 'ulaw');
  }

  private async call(number: string): Promise<ScriptedCall> {
    const { phone, make } = this;
    const { call, answer } = await phone.invite(number, make.offersLate ? '' : this.offer);
    expect(answer.status).toBe(200);
    phone.confirm(call, make.offersLate ? this.offer : '');
    phone.speak(700, this.voice);
    return call;
  }

  private async change(call: ScriptedCall, description: SdpOptions): Promise<string> {
    const answer = await this.phone.ask(call, { method: 'INVITE', body: sdpOf(this.phone.rtp, description) });
    expect(answer.status).toBe(200);
    this.phone.confirm(call);
    return new TextDecoder().decode(answer.body);
  }

  private async hangUp(call: ScriptedCall): Promise<void> {
    expect((await this.phone.ask(call, { method: 'BYE' })).status).toBe(200);
    this.phone.silent();
  }

  /** Hears itself from the echo; nothing while it holds; itself again, also when one codec alone is left. */
  async callsHoldsAndResumes(): Promise<void> {
    const { phone, make } = this;
    const call = await this.call('600');
    await this.hears(700);
    expect(await this.change(call, { ...make.offer, ...make.hold, version: 2 })).toMatch(/a=(?:recvonly|inactive)/);
    await waitUntil('it to hear nothing', 3_000, async () => {
      const [before, spoken] = [phone.heardMs, phone.spokenMs];
      await waitUntil('it to speak on', 2_000, () => phone.spokenMs > spoken + 200);
      return phone.heardMs - before < 60;
    });
    expect(await this.change(call, { ...make.offer, version: 3 })).not.toMatch(/a=(?:recvonly|inactive|sendonly)/);
    await this.hears(700);
    const { payloadType, ptimeMs } = this.voice;
    await this.change(call, { formats: String(payloadType), attributes: [`ptime:${ptimeMs}`], version: 4 });
    await this.hears(700);
    await this.hangUp(call);
  }

  async isUnderstoodByItsKeys(): Promise<void> {
    const call = await this.call('603');
    await pause(200);
    for (const digit of [1, 5, 9]) {
      if (this.make.events !== undefined) await this.phone.key(digit, this.make.events);
      else {
        const [body, type] =
          digit === 5 ? ['5', 'application/dtmf'] : [`Signal=${digit}\r\nDuration=160\r\n`, 'application/dtmf-relay'];
        expect((await this.phone.ask(call, { method: 'INFO', body, type })).status).toBe(200);
      }
      await pause(80);
    }
    await this.hears(1004);
    await this.hangUp(call);
  }

  /** 183 with early media, then 180 with a description again, then the answer. */
  async isCalled(): Promise<void> {
    const { phone, other } = this;
    const calling = other.invite(phone.user, sdpOf(other.rtp));
    const invite = await phone.request('INVITE');
    phone.followSdp(invite);
    for (const status of ['183 Session Progress', '180 Ringing', '200 OK'])
      phone.answer(invite, status, 'make', [], this.offer);
    phone.speak(700, this.voice);
    const { call, answer } = await calling;
    expect(answer.status).toBe(200);
    other.confirm(call);
    other.speak(500);
    await phone.request('ACK');
    await hears(other, 700);
    await this.hears(500);
    await this.hangUp(phone.callOf(invite, 'make'));
    other.silent();
  }

  /** Sends its party to 601. */
  async transfers(): Promise<void> {
    const { phone, other } = this;
    const calling = this.call(this.otherUser);
    const invite = await other.request('INVITE');
    other.followSdp(invite);
    other.answer(invite, '200 OK', 'other', [], sdpOf(other.rtp));
    const call = await calling;
    const headers = [`Refer-To: <sip:601@${BRANCH}>`, ...(this.make.refers ?? [])];
    expect((await phone.ask(call, { method: 'REFER', headers })).status).toBe(202);
    expect(new TextDecoder().decode((await phone.request('NOTIFY')).body)).toMatch(/^SIP\/2\.0 /);
    await hears(other, 1004);
    expect((await other.ask(other.callOf(invite, 'other'), { method: 'BYE' })).status).toBe(200);
    phone.silent();
  }
}

function hears(phone: ScriptedPhone, hz: number, law: 'ulaw' | 'alaw' = 'ulaw'): Promise<boolean> {
  return waitUntil(
    `${hz} Hz at ${phone.user}`,
    5_000,
    () => phone.heardMs > 400 && Math.abs(strongestHz(phone.heard(300, law)) - hz) < 12,
    () => `${strongestHz(phone.heard(300, law))} Hz, types ${[...new Set(phone.payloadTypes)].join()}`,
  );
}

describe.concurrent('phones as they are in the field', () => {
  it.each(Object.entries(MAKES).map(([name, make], index) => ({ name, make, index })))(
    'one like $name calls, holds its own way, is understood by its keys, is called, and transfers',
    async ({ make, index }) => {
      const desk = await Desk.open(make, index);
      try {
        await desk.callsHoldsAndResumes();
        await desk.isUnderstoodByItsKeys();
        await desk.isCalled();
        await desk.transfers();
      } finally {
        await desk.close();
      }
    },
  );

  it('a phone asks somebody else and then puts the two together, and both of its calls are over [RFC5589 §7.1]', async () => {
    const phones: ScriptedPhone[] = [];
    try {
      for (const user of ['231', '232', '233']) {
        const phone = await ScriptedPhone.open({ user, secret: `secret-${user}`, server: SERVER });
        phones.push(phone);
        expect((await phone.register()).status).toBe(200);
      }
      const [phone, party, expert] = phones as [ScriptedPhone, ScriptedPhone, ScriptedPhone];
      const talk = async (other: ScriptedPhone) => {
        const calling = phone.invite(other.user, sdpOf(phone.rtp));
        const invite = await other.request('INVITE');
        other.followSdp(invite);
        other.answer(invite, '200 OK', other.user, [], sdpOf(other.rtp));
        const { call } = await calling;
        phone.confirm(call);
        return { call, invite };
      };
      const first = await talk(party);
      const held = sdpOf(phone.rtp, { attributes: ['sendonly'], version: 2 });
      expect((await phone.ask(first.call, { method: 'INVITE', body: held })).status).toBe(200);
      phone.confirm(first.call);
      const second = await talk(expert);
      party.speak(700);
      expert.speak(500);
      const tagOf = (text: string) => /tag=([^;>]+)/.exec(text)?.[1];
      const { callId, local, remote } = second.call;
      const replaces = encodeURIComponent(`${callId};to-tag=${tagOf(remote)};from-tag=${tagOf(local)}`);
      const refer = (to: string) => phone.ask(first.call, { method: 'REFER', headers: [`Refer-To: <${to}>`] });
      expect((await refer(`sip:233@${BRANCH}?Replaces=nobody%3Bto-tag%3D1%3Bfrom-tag%3D2`)).status).toBe(603);
      expect((await refer(`sip:233@${BRANCH}?Replaces=${replaces}`)).status).toBe(202);
      for (let ended = 0; ended < 2; ended++) await phone.request('BYE');
      await hears(party, 500);
      await hears(expert, 700);
      expect((await party.ask(party.callOf(first.invite, '232'), { method: 'BYE' })).status).toBe(200);
      await expert.request('BYE');
    } finally {
      for (const phone of phones) await phone.close();
    }
  });
});
