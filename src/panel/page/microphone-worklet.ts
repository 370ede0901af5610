import { Downsampler } from './downsampler.ts';

/** What an AudioWorkletGlobalScope has, which TypeScript's DOM library leaves out. */
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

const TELEPHONE_HZ = 8_000;
/** 20 ms in one message. */
const MESSAGE_SAMPLES = 160;

/** Runs on the browser's audio thread: hands over what the microphone hears as 16-bit samples at 8 kHz. */
class Microphone extends AudioWorkletProcessor {
  private readonly downsampler = new Downsampler(sampleRate, TELEPHONE_HZ);
  private pending: number[] = [];

  process(inputs: readonly (readonly Float32Array[])[]): boolean {
    const channel = inputs[0]?.[0];
    if (channel !== undefined) this.pending.push(...this.downsampler.push(channel));
    while (this.pending.length >= MESSAGE_SAMPLES) {
      const samples = Int16Array.from(this.pending.splice(0, MESSAGE_SAMPLES));
      this.port.postMessage(samples, [samples.buffer]);
    }
    return true;
  }
}

registerProcessor('microphone', Microphone);
