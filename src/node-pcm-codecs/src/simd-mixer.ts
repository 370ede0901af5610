import type { Law } from './law.ts';
import { encodeMixModule, LAW_CODE } from './mix-program.ts';
import { checkCount, checkMixerSize, type Mixer, type MixerSize } from './mixer.ts';
import { type CompiledModule, webAssembly } from './webassembly-host.ts';

type MixFunction = (
  count: number,
  samples: number,
  laws: number,
  inputs: number,
  outputs: number,
  everyone: number,
) => void;

const PAGE = 65_536;

let compiled: CompiledModule | undefined;

/** The mixer as WebAssembly with 128-bit vectors. Throws where the host has no such thing. */
export class SimdMixer implements Mixer {
  readonly implementation = 'simd';
  readonly members: number;
  readonly samples: number;
  private readonly laws: Uint8Array;
  private readonly inputs: Uint8Array[];
  private readonly outputs: Uint8Array[];
  private readonly all: Record<Law, Uint8Array>;
  private readonly run: MixFunction;

  constructor(size: MixerSize) {
    checkMixerSize(size);
    const { members, samples } = size;
    this.members = members;
    this.samples = samples;

    const host = webAssembly<MixFunction>();
    if (host === undefined) throw new Error('no WebAssembly on this host');
    compiled ??= new host.Module(encodeMixModule());
    const pages = Math.ceil(((2 * members + 2) * samples + members) / PAGE);
    const memory = new host.Memory({ initial: pages, maximum: pages });
    this.run = new host.Instance(compiled, { host: { memory } }).exports.run;

    const blocks = (first: number, count: number) =>
      Array.from({ length: count }, (_, i) => new Uint8Array(memory.buffer, (first + i) * samples, samples));
    this.inputs = blocks(0, members);
    this.outputs = blocks(members, members);
    const [ulaw, alaw] = blocks(2 * members, 2);
    this.all = { ulaw: ulaw!, alaw: alaw! };
    this.laws = new Uint8Array(memory.buffer, (2 * members + 2) * samples, members);
  }

  setLaw(member: number, law: Law): void {
    this.laws[member] = LAW_CODE[law];
  }

  input(member: number): Uint8Array {
    return this.inputs[member]!;
  }

  output(member: number): Uint8Array {
    return this.outputs[member]!;
  }

  everyone(law: Law): Uint8Array {
    return this.all[law];
  }

  mix(count: number): void {
    checkCount(count, this.members);
    const outputs = this.members * this.samples;
    this.run(count, this.samples, this.laws.byteOffset, 0, outputs, 2 * outputs);
  }
}
