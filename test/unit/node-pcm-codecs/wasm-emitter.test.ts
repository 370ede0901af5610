import { describe, expect, it } from 'vitest';
import {
  encodeModule,
  FunctionBody,
  f32x4,
  i8x16,
  i32,
  i32x4,
  ifElse,
  repeatWhile,
  type Statement,
  type V128,
  v128,
} from '../../../src/node-pcm-codecs/src/wasm-emitter.ts';
import { webAssembly } from '../../../src/node-pcm-codecs/src/webassembly-host.ts';

/** What 16 bytes of memory hold after the statements that `write` gives have run with `argument` as their parameter. */
function run(write: (body: FunctionBody) => Statement[], argument = 0): Uint8Array<ArrayBuffer> {
  const body = new FunctionBody(1);
  body.does(...write(body));
  const host = webAssembly<(argument: number) => void>()!;
  const memory = new host.Memory({ initial: 1, maximum: 1 });
  new host.Instance(new host.Module(encodeModule(body)), { host: { memory } }).exports.run(argument);
  return new Uint8Array(memory.buffer).slice(0, 16);
}

function stored(value: V128): Uint8Array<ArrayBuffer> {
  return run(() => [v128.store(i32.const(0), value)]);
}

describe('the WebAssembly emitter', () => {
  it.each([0, 1, 63, 64, -1, -64, -65, 127, 128, 8191, 8192, 0x7fff_ffff, -0x8000_0000, 0x1234_5678])(
    'writes the constant %i',
    (value) => {
      expect(new Int32Array(stored(i32x4.splat(value)).buffer)).toEqual(Int32Array.of(value, value, value, value));
    },
  );

  it.each([0, 2, -0.5, 32_635, 1e-20])('writes the constant %f', (value) => {
    expect(new Float32Array(stored(f32x4.splat(value)).buffer)[3]).toBe(Math.fround(value));
  });

  it('puts operands before their instruction, in order', () => {
    const difference = f32x4.subtract(f32x4.splat(5), f32x4.add(f32x4.splat(1), f32x4.splat(2)));
    expect(new Float32Array(stored(difference).buffer)[0]).toBe(2);
  });

  it('saturates where lanes are narrowed', () => {
    const large = i32x4.splat(70_000);
    expect(stored(i8x16.narrowSigned(large, large))[1]).toBe(1);
    expect(stored(i8x16.narrowUnsigned(i8x16.splat(1), i8x16.splat(1)))[0]).toBe(255);
  });

  it.each([
    { argument: 0, digit: 9 },
    { argument: 1, digit: 7 },
  ])('takes one way or the other: $argument', ({ argument, digit }) => {
    const store = (n: number) => [v128.store(i32.const(0), i8x16.splat(n))];
    expect(run((body) => [ifElse(body.parameter(0), store(7), store(9))], argument)[0]).toBe(digit);
  });

  it('repeats while a condition holds, with locals of both types', () => {
    const bytes = run((body) => {
      const [i, sum] = [body.local('i32'), body.local('v128')];
      return [
        repeatWhile(
          i32.lessUnsigned(i, body.parameter(0)),
          sum.set(i32x4.add(sum, i32x4.splat(3))),
          i.set(i32.add(i, i32.const(1))),
        ),
        v128.store(i32.const(0), sum),
      ];
    }, 200);
    expect(new Int32Array(bytes.buffer)[2]).toBe(600);
  });
});
