import { beforeEach, describe, expect, it } from 'vitest';
import { parseDialplan } from '../../src/dialplan/parse.ts';
import { Site } from '../support/branch-world.ts';
import { Network } from '../support/network.ts';

const DIALPLAN = `[office]
exten => _2XX,1,Dial(\${DEVICE(\${EXTEN})},20)
[shop]
exten => _7XX,1,Dial(LINE/2)
[town]
exten => s,1,Dial(LINE/1)
[town-shop]
exten => s,1,Dial(LINE/2)
`;

let network: Network;
let branch: Site;

beforeEach(() => {
  network = new Network(1);
  branch = new Site(network, {
    ...{ address: { ip: '192.0.2.20', port: 4569 }, seed: 1, peers: [] },
    ...{ extensions: ['201', '202'], townLines: [3], dialplan: DIALPLAN },
  });
  network.runFor(1_000);
});

const status = (port: number) => branch.appliance.lineViews().get(port)!.status;

function dial(port: number, digits: string): void {
  branch.hat.phone(port)!.lift();
  network.runFor(1_000);
  branch.hat.phone(port)!.dialTones(digits);
  network.runFor(3_000);
}

describe('a line that has another number, name and context while it is there', () => {
  const line = (port: number, extension: string, name: string, context = 'office') =>
    ({ port, extension, name, context }) as const;

  it('is called by its new number, and shows its new name', () => {
    branch.reconfigure({ lines: [line(1, '251', 'Counter'), line(2, '202', 'Phone 202')] });
    network.runFor(100);
    expect(status(1)).toMatchObject({ extension: '251', name: 'Counter', state: 'idle' });
    dial(2, '251');
    expect(status(1).state).toBe('ringing');
    branch.hat.phone(2)!.putDown();
    network.runFor(3_000);
    dial(1, '202');
    expect(branch.hat.phone(2)!.callerId).toMatchObject({ number: '251', name: 'Counter' });
  });

  it('dials in its new context', () => {
    branch.reconfigure({ lines: [line(1, '201', 'Phone 201', 'shop'), line(2, '202', 'Phone 202')] });
    dial(1, '712');
    expect(status(2).state).toBe('ringing');
  });

  it('goes on with the call that stands', () => {
    dial(1, '202');
    branch.hat.phone(2)!.lift();
    network.runFor(1_000);
    branch.reconfigure({ lines: [line(1, '251', 'Counter'), line(2, '252', 'Desk')] });
    network.runFor(1_000);
    expect([status(1).state, status(2).state]).toEqual(['talking', 'talking']);
  });

  it('stays as it is where the other configuration does not name it', () => {
    branch.reconfigure({ lines: [line(2, '252', 'Desk')] });
    expect(status(1)).toMatchObject({ extension: '201', name: 'Phone 201' });
    expect(branch.appliance.devices('201')).toEqual(['LINE/1']);
  });

  it('brings the calls of a town line to its new context', () => {
    branch.reconfigure({ lines: [], townLines: [{ port: 3, name: 'Shop', context: 'town-shop' }] });
    expect(status(3)).toMatchObject({ name: 'Shop' });
    branch.phones.apply(3, { ring: { callerId: '0472000099' } });
    network.runFor(5_000);
    expect([status(1).state, status(2).state]).toEqual(['idle', 'ringing']);
  });

  it('is asked for with the dialplan that comes with it', () => {
    const { dialplan } = parseDialplan('[new]\nexten => 71,1,Dial(LINE/2)\n');
    branch.reconfigure({ dialplan, lines: [line(1, '201', 'Phone 201', 'new')] });
    dial(1, '71');
    expect(status(2).state).toBe('ringing');
  });
});
