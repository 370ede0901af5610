import { expect, it } from 'vitest';
import { collectGarbage } from '../../../src/io/collect-garbage.ts';

it('gives back at once what nothing refers to any longer', async () => {
  const reference = new WeakRef({ large: new Uint8Array(1_000_000) });
  // A reference holds what it was made with until the turn of the event loop is over.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(reference.deref()).toBeUndefined();
});
