import { encodeMixModule } from './mix-program.ts';
import { BlockMixer, type MixerSize, mixerBytes } from './mixer.ts';
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
export class SimdMixer extends BlockMixer {
  readonly implementation = 'simd';
  private readonly run: MixFunction;

  constructor(size: MixerSize) {
    const host = webAssembly<MixFunction>();
    if (host === undefined) throw new Error('no WebAssembly on this host');
    const pages = Math.ceil(mixerBytes(size) / PAGE);
    const memory = new host.Memory({ initial: pages, maximum: pages });
    super(size, memory.buffer);
    compiled ??= new host.Module(encodeMixModule());
    this.run = new host.Instance(compiled, { host: { memory } }).exports.run;
  }

  protected mixFirst(count: number): void {
    const { samples, laws, inputs, outputs, all } = this;
    this.run(count, samples, laws.byteOffset, inputs[0]!.byteOffset, outputs[0]!.byteOffset, all.ulaw.byteOffset);
  }
}
