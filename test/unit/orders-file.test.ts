import { describe, expect, it } from 'vitest';
import { formatOrders, parseOrders } from '../../src/orders-file.ts';

describe('the file of what was ordered at telephones', () => {
  it('is read as it was written', () => {
    const orders = new Map([
      ['LINE/1', { doNotDisturb: true, forward: { always: '7123', busy: null, noAnswer: null } }],
    ]);
    expect(parseOrders(formatOrders(orders))).toEqual(orders);
  });

  it.each(['{"LINE/1":true}', '[]', '{"LINE/1":{"doNotDisturb":"yes"}}', '{"LINE/1":{"doNotDisturb":true}}'])(
    'is damaged where it says %s',
    (text) => {
      expect(parseOrders(text)).toBeUndefined();
    },
  );
});
