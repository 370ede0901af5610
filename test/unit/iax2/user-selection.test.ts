import { describe, expect, it } from 'vitest';
import { allowOnly } from '../../../src/iax2/acl.ts';
import { selectRegistrant, selectUser } from '../../../src/iax2/user-selection.ts';
import { peer } from '../../support/iax2-world.ts';

const FROM = { ip: '192.0.2.9', port: 4569 };
const hq = peer({ name: 'hq', host: '192.0.2.9', username: 'lyon' });
const phone = peer({ name: 'phone', host: 'dynamic', username: 'desk' });
const inner = peer({ name: 'inner', host: 'dynamic', acl: allowOnly(['10.0.0.0/8'])! });
const open = peer({ name: 'open', host: 'dynamic', secrets: [], acl: allowOnly(['192.0.2.0/24'])! });
const outgoing = peer({ name: 'outgoing', host: '192.0.2.9', type: 'peer' });

function select(
  claim: { username?: string; context?: string; from?: typeof FROM },
  peers = [hq, phone, inner, outgoing],
) {
  const selection = selectUser(
    peers,
    { username: claim.username, context: claim.context, from: claim.from ?? FROM },
    ({ host }) => (host === 'dynamic' ? [] : [{ ip: host, port: 4569 }]),
  );
  return selection.peer === undefined ? selection.reason : selection.peer.name;
}

describe('whose call comes in [RFC5456 §6.2.2]', () => {
  it('is that of the peer by the name of USERNAME, else by its username', () => {
    expect(select({ username: 'phone' })).toBe('phone');
    expect(select({ username: 'lyon' })).toBe('hq');
  });

  it('nobody has a name that is unknown, and the log says who would have matched', () => {
    expect(select({ username: 'foo' })).toBe('Nobody here is called foo; the peer at this address is called hq.');
    expect(select({ username: 'foo', from: { ip: '192.0.2.1', port: 1 } })).toBe('Nobody here is called foo.');
  });

  it('a peer that may only be called does not call in', () => {
    expect(select({ username: 'outgoing' })).toMatch(/^Nobody/);
  });

  it('without a name it is the peer at that address', () => {
    expect(select({})).toBe('hq');
  });

  it('without a name and a known address it is the one that its rules fit best: no secret, and an access list', () => {
    const from = { ip: '192.0.2.77', port: 4569 };
    expect(select({ from }, [phone, open])).toBe('open');
    expect(select({ from }, [phone, inner])).toBe('phone');
    expect(select({ from }, [inner])).toBe('Nobody here takes calls without a name from 192.0.2.77.');
  });

  it('an access list keeps its peer out elsewhere', () => {
    expect(select({ username: 'inner' })).toBe('inner may not come from 192.0.2.9:4569.');
  });

  it('only contexts of the peer can be asked for', () => {
    const wide = peer({ name: 'wide', host: 'dynamic', otherContexts: ['sales'] });
    const contextOf = (context?: string) => {
      const claim = { username: 'wide', context, from: FROM };
      const selection = selectUser([wide], claim, () => []);
      return selection.peer === undefined ? selection.reason : selection.context;
    };
    expect([contextOf(), contextOf('sales'), contextOf('from-peer')]).toEqual(['from-peer', 'sales', 'from-peer']);
    expect(contextOf('office')).toBe('wide may not call into the context office.');
  });
});

describe('whose registration comes in [RFC5456 §6.1]', () => {
  it.each([
    ['phone', 'phone'],
    ['desk', 'phone'],
    ['hq', 'hq has a fixed host and does not register here.'],
    ['nobody', 'Nobody here is called nobody.'],
    ['inner', 'inner may not come from 192.0.2.9:4569.'],
  ])('%s: %s', (username, expected) => {
    const selection = selectRegistrant([hq, phone, inner], username, FROM);
    expect(selection.peer === undefined ? selection.reason : selection.peer.name).toBe(expected);
  });
});
