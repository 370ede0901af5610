import { afterEach, describe, expect, test } from 'vitest';
import type { Call, CallEvent } from '../../src/iax2/endpoint.ts';
import { Iax2Node, type Iax2NodeOptions, type PeerSettings } from '../../src/iax2-node.ts';
import { clearest, strongestHz, toneDbm0 } from '../support/audio.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { sine } from '../support/signal.ts';
import { waitUntil } from '../support/wait-until.ts';

const [HERE, THERE] = [loopbackAddress(21), loopbackAddress(22)];
const SECRET = 'between-the-two';
const REGISTRANTS = 1_000;
/** Each registration holds a call number for a minute, and all come from one address. */
const LIMITS = { callNumbers: 32_000, callNumbersPerAddress: 32_000 } as const;

const open: Iax2Node[] = [];
afterEach(async () => {
  for (const node of open.splice(0)) await node.close();
});

async function start(ip: string, peers: PeerSettings[], more: Partial<Iax2NodeOptions> = {}): Promise<Iax2Node> {
  const node = await Iax2Node.open({ bind: { ip, port: 4569 }, peers, ...more });
  open.push(node);
  return node;
}

/** Two nodes that know each other; the second answers everything. */
async function pair(fields: Partial<PeerSettings> = {}) {
  const here = await start(HERE, [{ name: 'there', host: THERE, username: 'here', secrets: [SECRET], ...fields }]);
  const there = await start(THERE, [{ name: 'here', host: HERE, username: 'there', secrets: [SECRET], ...fields }]);
  const heard: { readonly call: Call; readonly event: CallEvent }[] = [];
  const said: CallEvent[] = [];
  there.on('call', (call, event) => {
    heard.push({ call, event });
    if (event.type === 'incoming') there.give((nowMs) => call.answer(nowMs));
  });
  here.on('call', (_call, event) => said.push(event));
  const call = here.placeCall({ peer: 'there', number: '1', caller: { number: '201', name: 'Éva' } });
  if ('failed' in call) throw new Error(call.reason);
  await waitUntil('the answer', 3_000, () => said.some(({ type }) => type === 'answered'));
  return { here, there, call, said, heard, incoming: heard[0]!.call };
}

/** Says `samples` and gives what comes meanwhile. */
function talk(node: Iax2Node, call: Call, samples: ArrayLike<number>): { readonly heard: number[] } {
  const heard: number[] = [];
  let at = 0;
  node.attach(call, (block, say) => {
    heard.push(...block);
    for (let i = 0; i < say.length && at < samples.length; i++) say[i] = samples[at++]!;
  });
  return { heard };
}

describe('two programs with the stack', () => {
  for (const [title, fields] of [
    ['in clear', {}],
    ['encrypted', { encryption: { method: 'aes128', force: true } }],
    ['in trunk frames', { trunk: 'timestamps' }],
  ] as const) {
    test(`talk to each other ${title}, each hears the other's tone at its level`, async () => {
      const { here, there, call, incoming } = await pair(fields);
      const atHere = talk(here, call, sine(700, -10, 4_000));
      const atThere = talk(there, incoming, sine(1_300, -16, 4_000));
      await waitUntil('three seconds', 5_000, () => atHere.heard.length > 24_000 && atThere.heard.length > 24_000);
      for (const [{ heard }, hz, dbm0] of [
        [atHere, 1_300, -16],
        [atThere, 700, -10],
      ] as const) {
        const spoken = clearest(Int16Array.from(heard), hz, 4_000);
        expect(strongestHz(spoken)).toBeCloseTo(hz, -1);
        expect(Math.abs(toneDbm0(spoken, hz) - dbm0)).toBeLessThan(1);
      }
    });
  }

  test('send a digit that is said as sound as a digit, and not as sound', async () => {
    const { here, there, call, heard, incoming } = await pair();
    const low = sine(770, -9, 120);
    const high = sine(1_336, -9, 120);
    const atThere = talk(there, incoming, []);
    talk(here, call, [...new Array(1_600).fill(0), ...low.map((sample, i) => sample + high[i]!)]);
    await waitUntil('the digit', 3_000, () => heard.some(({ event }) => event.type === 'digit'));
    const digits = heard.flatMap(({ event }) => (event.type === 'digit' ? [event.digit] : []));
    expect(digits).toEqual(['5']);
    await waitUntil('half a second', 2_000, () => atThere.heard.length > 6_000);
    // What the detector needs to be certain has gone out already.
    const loud = atThere.heard.filter((sample) => Math.abs(sample) > 1_000).length;
    expect(loud).toBeLessThan(0.05 * 8_000);
  });

  test('end a call once at either end, and nothing is attached to it any more', async () => {
    const { here, call, said, heard } = await pair();
    let blocks = 0;
    here.attach(call, () => blocks++);
    await waitUntil('blocks', 2_000, () => blocks > 5);
    here.give((nowMs) => call.hangup('normal-clearing', nowMs));
    await waitUntil('the end there', 2_000, () => heard.some(({ event }) => event.type === 'hangup'));
    const after = blocks;
    here.attach(call, () => blocks++);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(blocks).toBe(after);
    expect(said.filter(({ type }) => type === 'hangup')).toHaveLength(1);
  });

  test('end their calls when they close', async () => {
    const { here, heard } = await pair();
    await here.close();
    await waitUntil('the end there', 2_000, () => heard.some(({ event }) => event.type === 'hangup'));
    expect(here.local).toBeUndefined();
  });
});

test('a thousand registrants come at once, and all are registered', async () => {
  const names = Array.from({ length: REGISTRANTS }, (_, i) => `branch-${i}`);
  const registrar = await start(
    HERE,
    names.map((name) => ({ name, secrets: [SECRET] })),
    { limits: LIMITS },
  );
  const peers = names.map((username) => ({
    ...{ name: `at-${username}`, host: HERE, username, secrets: [SECRET], register: { refreshS: 60 } },
  }));
  const branches = await start(THERE, peers, { limits: LIMITS });
  let registered = 0;
  branches.on('registration', ({ status }) => {
    if (status.state === 'registered') registered++;
  });
  await waitUntil('all to be registered', 120_000, () => registered >= REGISTRANTS);
  expect(registrar.endpoint.bindings).toHaveLength(REGISTRANTS);
  await branches.close(60_000);
  expect(registrar.endpoint.bindings).toEqual([]);
});
