/**
 * Writes WebAssembly as TypeScript expressions. WebAssembly is a stack machine, so the code of an expression is the code
 * of its operands followed by its own opcode: each function below is one instruction that concatenates. Types of values
 * are types of TypeScript; a program that mixes them up does not compile.
 *
 * Only the instructions that the package uses are here. Opcodes are those of the WebAssembly core specification 2.0, §5.4.
 */

export type ValueType = 'i32' | 'v128';

/** Code that leaves one value on the stack. */
export interface Expression<T extends ValueType> {
  readonly type: T;
  readonly code: readonly number[];
}

export type I32 = Expression<'i32'>;
/** A vector of 128 bits; how it is divided into lanes is up to each instruction. */
export type V128 = Expression<'v128'>;

/** Code that leaves nothing. */
export interface Statement {
  readonly code: readonly number[];
}

/** LEB128, as all integers in a module are written. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ; rest >>= 7) {
    if (rest >= -64 && rest < 64) return [...bytes, rest & 0x7f];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

const SIMD = 0xfd;

function simd(opcode: number): number[] {
  return [SIMD, ...unsigned(opcode)];
}

function v128Of(opcode: number, ...operands: readonly Expression<ValueType>[]): V128 {
  return { type: 'v128', code: [...operands.flatMap(({ code }) => code), ...simd(opcode)] };
}

function i32Of(opcode: number, ...operands: readonly I32[]): I32 {
  return { type: 'i32', code: [...operands.flatMap(({ code }) => code), opcode] };
}

const unary = (opcode: number) => (a: V128) => v128Of(opcode, a);
const binary = (opcode: number) => (a: V128, b: V128) => v128Of(opcode, a, b);
const shift = (opcode: number) => (a: V128, bits: number) => v128Of(opcode, a, i32.const(bits));

export const i32 = {
  const: (value: number): I32 => ({ type: 'i32', code: [0x41, ...signed(value)] }),
  add: (a: I32, b: I32) => i32Of(0x6a, a, b),
  multiply: (a: I32, b: I32) => i32Of(0x6c, a, b),
  lessUnsigned: (a: I32, b: I32) => i32Of(0x49, a, b),
  loadByte: (address: I32): I32 => ({ type: 'i32', code: [...address.code, 0x2d, 0, 0] }),
};

export const v128 = {
  load: (address: I32): V128 => ({ type: 'v128', code: [...address.code, ...simd(0), 0, 0] }),
  store: (address: I32, value: V128): Statement => ({ code: [...address.code, ...value.code, ...simd(11), 0, 0] }),
  and: binary(78),
  or: binary(80),
  xor: binary(81),
};

export const i8x16 = {
  splat: (value: number): V128 => v128Of(15, i32.const(value)),
  narrowSigned: binary(101),
  narrowUnsigned: binary(102),
};

export const i16x8 = {
  splat: (value: number): V128 => v128Of(16, i32.const(value)),
  extendLow: unary(135),
  extendHigh: unary(136),
  narrow: binary(133),
  subtract: binary(145),
};

export const i32x4 = {
  splat: (value: number): V128 => v128Of(17, i32.const(value)),
  extendLow: unary(167),
  extendHigh: unary(168),
  shiftLeft: shift(171),
  shiftRight: shift(173),
  add: binary(174),
};

export const f32x4 = {
  splat(value: number): V128 {
    const bytes = new Uint8Array(Float32Array.of(value).buffer);
    return { type: 'v128', code: [0x43, ...bytes, ...simd(19)] };
  },
  abs: unary(224),
  add: binary(228),
  subtract: binary(229),
  multiply: binary(230),
  /** The lesser, and the greater, of numbers that are none of them NaN: one instruction where `min` needs several. */
  least: binary(234),
  greatest: binary(235),
};

/** A variable of a function. */
export interface Local<T extends ValueType> extends Expression<T> {
  set(value: Expression<T>): Statement;
}

const TYPE_CODE: Readonly<Record<ValueType, number>> = { i32: 0x7f, v128: 0x7b };
const NO_RESULT = 0x40;
const END = 0x0b;

/** The body of a function under construction: its parameters, all i32, its locals, and what it does. */
export class FunctionBody {
  private readonly locals: ValueType[] = [];
  private code: readonly number[] = [];

  constructor(readonly parameters: number) {}

  parameter(index: number): Local<'i32'> {
    return local('i32', index);
  }

  local<T extends ValueType>(type: T): Local<T> {
    this.locals.push(type);
    return local(type, this.parameters + this.locals.length - 1);
  }

  does(...statements: readonly Statement[]): void {
    this.code = block(statements);
  }

  encode(): number[] {
    const locals = this.locals.flatMap((type) => [1, TYPE_CODE[type]]);
    return sized([...unsigned(this.locals.length), ...locals, ...this.code, END]);
  }
}

function local<T extends ValueType>(type: T, index: number): Local<T> {
  return {
    type,
    code: [0x20, ...unsigned(index)],
    set: (value) => ({ code: [...value.code, 0x21, ...unsigned(index)] }),
  };
}

function block(statements: readonly Statement[]): readonly number[] {
  return statements.flatMap(({ code }) => code);
}

/** Runs the statements at least once, and again while the condition holds after them. */
export function repeatWhile(condition: I32, ...statements: readonly Statement[]): Statement {
  return { code: [0x03, NO_RESULT, ...block(statements), ...condition.code, 0x0d, 0, END] };
}

export function ifElse(condition: I32, then: readonly Statement[], otherwise: readonly Statement[]): Statement {
  return { code: [...condition.code, 0x04, NO_RESULT, ...block(then), 0x05, ...block(otherwise), END] };
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function section(id: number, ...entries: readonly (readonly number[])[]): number[] {
  return [id, ...sized([...unsigned(entries.length), ...entries.flat()])];
}

function name(text: string): number[] {
  return sized(Array.from(text, (letter) => letter.charCodeAt(0)));
}

/** A module with one function, exported as `run`, that works on the memory imported as `host.memory`. */
export function encodeModule(body: FunctionBody): Uint8Array {
  const parameters = new Array<number>(body.parameters).fill(TYPE_CODE.i32);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [0x60, ...sized(parameters), 0]),
    ...section(2, [...name('host'), ...name('memory'), 2, 0, ...unsigned(1)]),
    ...section(3, [0]),
    ...section(7, [...name('run'), 0, 0]),
    ...section(10, body.encode()),
  ]);
}
