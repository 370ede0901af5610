import { describe, it } from 'vitest';
import { utf8Encode } from '../../src/base/bytes.ts';
import { Credentials } from '../../src/sip/credentials.ts';
import { Dialog } from '../../src/sip/dialog.ts';
import { HeaderFields } from '../../src/sip/header-field.ts';
import { isMalformed } from '../../src/sip/malformed.ts';
import type { Response } from '../../src/sip/message.ts';
import { nameAddr } from '../../src/sip/name-addr.ts';
import type { OutgoingRequest } from '../../src/sip/transaction-layer.ts';
import { sipUri } from '../../src/sip/uri.ts';
import { seededCrypto } from '../support/iax2-world.ts';
import { ROUGH, type Weather } from '../support/network.ts';
import {
  answerAfter,
  expectFlow,
  type Flow,
  SEEDS,
  type World,
  type WorldOfThree,
  world,
} from '../support/sip-office.ts';
import { SipStation } from '../support/sip-station.ts';
import { office, SipSwitch } from '../support/sip-world.ts';

const OFFICE = { ip: '192.0.2.10', port: 5060 };
const RAW = { ip: '192.0.2.24', port: 5060 };
const MOBILE = { ip: '192.0.2.23', port: 5060 };
const NOBODY = { ip: '192.0.2.99', port: 5060 };
const SDP = 'v=0\r\no=- 1 1 IN IP4 192.0.2.24\r\ns=-\r\nc=IN IP4 192.0.2.24\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';

/** A user agent for 213 that writes its requests as a flow has them, and proves itself when asked. */
function rawAgent({ network, seed }: World) {
  const station = new SipStation(network, RAW, seed + 50);
  const credentials = new Credentials(seededCrypto(seed + 51), '213', { password: 'secret 213' });
  const us = sipUri({ host: OFFICE.ip, user: '213' });
  const from = nameAddr(us, undefined, new Map([['tag', 'raw']]));
  let sequence = 0;
  /** The final response comes to `handle`, also those that come again. */
  const ask = (
    parts: Partial<OutgoingRequest> & { readonly method: string },
    headers: readonly (readonly [string, string])[],
    handle: (response: Response, request: OutgoingRequest) => void,
    tries = 3,
  ): void => {
    const request: OutgoingRequest = {
      ...station.request(parts.method, OFFICE, { from, ...parts }),
      headers: new HeaderFields([['Max-Forwards', '70'], ...headers]),
      cseq: { number: ++sequence, method: parts.method },
    };
    credentials.authorise(request);
    const handleResponse = (response: Response) => {
      if (response.status === 401 && tries > 0 && credentials.handleChallenge(response, request.headers))
        ask(parts, headers, handle, tries - 1);
      else if (response.status >= 200) handle(response, request);
    };
    const user = { handleResponse, handleFailure: () => {} };
    station.layer.send(request, { transport: 'udp', ...OFFICE }, user, network.nowMs);
    station.host.drain();
  };
  return { station, ask, us };
}

const contact = (user: string, port = 5060) => `<sip:${user}@${RAW.ip}:${port}>`;

/** What the registrar lists, once it has answered. */
function register(all: World, headers: readonly (readonly [string, string])[], agent = rawAgent(all)) {
  const { ask, us } = agent;
  let listed: readonly string[] | undefined;
  const uri = sipUri({ host: OFFICE.ip });
  ask({ method: 'REGISTER', uri, to: nameAddr(us), callId: 'boot@raw' }, headers, (response) => {
    if (response.status === 200)
      listed = response.headers.all('Contact').map((text) => text.replace(/;expires=.*/, ''));
  });
  all.network.runFor(40_000);
  return { listed, agent };
}

const FLOWS: readonly Flow[] = [
  {
    name: 'a phone adds a contact to its list [RFC3665 §2.2]',
    run: (all) => {
      const { agent } = register(all, [
        ['Contact', contact('213')],
        ['Expires', '600'],
      ]);
      const { listed } = register(all, [['Contact', `${contact('mobile', 5062)};expires=600`]], agent);
      const both = listed?.length === 2 && listed.includes(contact('mobile', 5062));
      const { listed: left } = register(
        all,
        [
          ['Contact', '*'],
          ['Expires', '0'],
        ],
        agent,
      );
      return both && left?.length === 0;
    },
  },
  {
    name: 'a phone asks for its list, which stays as it is [RFC3665 §2.3]',
    run: (all) => {
      const { agent } = register(all, [['Contact', `${contact('213')};expires=600`]]);
      const { listed } = register(all, [], agent);
      const bound = all.centre.endpoint.bindingsOf('213').map((binding) => `<${binding.contact}>`);
      const isSame = listed?.length === 1 && listed[0] === contact('213') && bound.join() === contact('213');
      register(
        all,
        [
          ['Contact', '*'],
          ['Expires', '0'],
        ],
        agent,
      );
      return isSame;
    },
  },
  {
    name: 'the first proxy is dead, and the call goes by the second [RFC3665 §3.4]',
    run: ({ network, one, two }) => {
      answerAfter(two, 0);
      const away = office(OFFICE, '211', { name: 'away', registrar: sipUri({ host: 'office.example' }) });
      const { register: _, ...unregistered } = away;
      const home = office(OFFICE, '211', { register: { expiresS: 3_600 }, setupTimeoutMs: 32_000 });
      one.command((endpoint, nowMs) => endpoint.configure([], [home, unregistered], nowMs));
      const call = one.dial('away', '212');
      const asked = one.outputs.findLast((output) => output.type === 'resolve');
      const hops = [NOBODY, OFFICE].map((address) => ({ transport: 'udp', ...address }) as const);
      one.command((endpoint, nowMs) => endpoint.handleResolved(asked!, hops, nowMs));
      network.runFor(60_000);
      const isUp = call.state === 'up' && one.typesOf(call).includes('answered');
      one.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
      network.runFor(40_000);
      one.command((endpoint, nowMs) => endpoint.configure([], [home], nowMs));
      return isUp;
    },
  },
  {
    name: 'the INVITE has no offer: it is in the 200, and the answer in the ACK [RFC3665 §3.6]',
    run: (all) => {
      const { network, one } = all;
      answerAfter(one, 500);
      const { station, ask } = rawAgent(all);
      const hop = { transport: 'udp', ...OFFICE } as const;
      let dialog: Dialog | undefined;
      let wasOffered = false;
      const uri = sipUri({ host: OFFICE.ip, user: '211' });
      ask(
        { method: 'INVITE', uri, to: nameAddr(uri), callId: 'late@raw' },
        [['Contact', contact('213')]],
        (response, request) => {
          if (response.status >= 300) return;
          wasOffered = response.body.length > 0;
          const made = dialog ?? Dialog.ofResponse(request, response, hop);
          if (isMalformed(made)) return;
          dialog = made;
          const body = { type: 'application/sdp', bytes: utf8Encode(SDP) };
          station.layer.sendAck(dialog.ack(request.cseq.number, { body }), hop);
        },
      );
      network.runFor(40_000);
      const isUp = one.incoming.some(({ state }) => state === 'up');
      const quiet = { handleResponse: () => {}, handleFailure: () => {} };
      if (dialog !== undefined) station.layer.send(dialog.request('BYE'), hop, quiet, network.nowMs);
      station.host.drain();
      return wasOffered && isUp;
    },
  },
];

/** A phone whose address may change: its Contact does, too. */
function roaming(seed: number, weather: Weather): WorldOfThree {
  const all = world(seed, ROUGH);
  const trunk = office(OFFICE, '213', { register: { expiresS: 3_600 }, setupTimeoutMs: 32_000 });
  let self: SipSwitch | undefined;
  const three = new SipSwitch(all.network, MOBILE, seed * 3 + 1_000, {
    trunks: [trunk],
    local: () => ({ host: MOBILE.ip, port: self?.host.address.port ?? MOBILE.port }),
  });
  self = three;
  all.network.runFor(5_000);
  all.network.weather = weather;
  return { ...all, three };
}

const ROAMING: Flow<WorldOfThree> = {
  name: 'a phone whose address changes says so by re-INVITE, and is found there [RFC3665 §3.7]',
  run: ({ network, one, three }) => {
    answerAfter(one, 0);
    const call = three.dial('office', '211');
    network.runFor(40_000);
    three.host.rebind(5_070);
    three.with(call, (leg, nowMs) => leg.hold(nowMs));
    network.runFor(40_000);
    three.with(call, (leg, nowMs) => leg.unhold(nowMs));
    network.runFor(40_000);
    const [called] = one.incoming.filter(({ state }) => state === 'up');
    const wasUp = call.state === 'up' && called !== undefined;
    if (called !== undefined) one.with(called, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
    network.runFor(40_000);
    const isTold = three.eventOf(call, 'hangup')?.by === 'far-end';
    three.host.rebind(5_060);
    three.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
    return wasUp && isTold;
  },
};

describe(`flows of RFC 3665 over a network that loses, doubles and reorders, ${SEEDS} seeds each`, () => {
  it.each(FLOWS)('$name', ({ run }) => {
    expectFlow(run, world, 0.7);
  });

  it(ROAMING.name, () => {
    expectFlow(ROAMING.run, roaming, 0.7);
  });
});
