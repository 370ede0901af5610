import { openSocket } from './api.ts';

const TELEPHONE_HZ = 8_000;
/** How far ahead sound is laid out: network and tabs are not punctual. */
const CUSHION_S = 0.08;
/** More than this ahead is an echo of a stall: the clock is set again. */
const MAX_AHEAD_S = 0.4;

/** DTMF: the rows and columns of the keypad. [Q.23] */
const KEYS = '123A456B789C*0#D';
const ROWS_HZ = [697, 770, 852, 941];
const COLUMNS_HZ = [1209, 1336, 1477, 1633];

let speaker: AudioContext | undefined;

/** The speaker, at telephone rate. It may only be opened by a click or key of the visitor. */
function openSpeaker(): AudioContext {
  speaker ??= new AudioContext({ sampleRate: TELEPHONE_HZ });
  if (speaker.state === 'suspended') void speaker.resume();
  return speaker;
}

/** What a key sounds like to the one who presses it. */
export function playKey(key: string, seconds = 0.08): void {
  const at = KEYS.indexOf(key);
  if (at < 0) return;
  const context = openSpeaker();
  const gain = new GainNode(context, { gain: 0.06 });
  gain.connect(context.destination);
  for (const frequency of [ROWS_HZ[at >> 2]!, COLUMNS_HZ[at & 3]!]) {
    const tone = new OscillatorNode(context, { frequency });
    tone.connect(gain);
    tone.start();
    tone.stop(context.currentTime + seconds);
  }
}

/** A handset at the visitor's ear: the sound of an emulated phone as it happens and, if wanted, the microphone. */
export class Earpiece {
  private readonly context = openSpeaker();
  private readonly socket: WebSocket;
  private readonly volume: GainNode;
  private microphone: { readonly stream: MediaStream; readonly context: AudioContext } | undefined;
  private nextS = 0;
  private closed = false;

  constructor(port: number) {
    this.volume = new GainNode(this.context);
    this.volume.connect(this.context.destination);
    this.socket = openSocket(`api/emulator/lines/${port}/audio`);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onmessage = ({ data }) => this.play(new Int16Array(data as ArrayBuffer));
  }

  /** Lets the visitor talk. Gives why that cannot be, if it cannot. */
  async talk(): Promise<string | undefined> {
    if (!('mediaDevices' in navigator)) return 'This browser gives the microphone to secure pages only.';
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true } });
      // A context of its own at the device's rate: not every browser joins a microphone to one of another rate.
      const context = new AudioContext();
      await context.audioWorklet.addModule('microphone-worklet.js');
      const worklet = new AudioWorkletNode(context, 'microphone', { numberOfOutputs: 0 });
      worklet.port.onmessage = ({ data }) => {
        if (this.socket.readyState === WebSocket.OPEN) this.socket.send(data as Int16Array<ArrayBuffer>);
      };
      new MediaStreamAudioSourceNode(context, { mediaStream: stream }).connect(worklet);
      this.microphone = { stream, context };
      if (this.closed) this.mute();
      return undefined;
    } catch (error) {
      return `The microphone cannot be used: ${(error as Error).message}`;
    }
  }

  mute(): void {
    for (const track of this.microphone?.stream.getTracks() ?? []) track.stop();
    void this.microphone?.context.close();
    this.microphone = undefined;
  }

  close(): void {
    this.closed = true;
    this.mute();
    this.socket.close();
    this.volume.disconnect();
  }

  private play(samples: Int16Array): void {
    if (samples.length === 0) return;
    const now = this.context.currentTime;
    if (this.nextS < now || this.nextS > now + MAX_AHEAD_S) this.nextS = now + CUSHION_S;
    const buffer = new AudioBuffer({ length: samples.length, sampleRate: TELEPHONE_HZ });
    const channel = buffer.getChannelData(0);
    for (let i = 0; i < samples.length; i++) channel[i] = samples[i]! / 32_768;
    const source = new AudioBufferSourceNode(this.context, { buffer });
    source.connect(this.volume);
    source.start(this.nextS);
    this.nextS += buffer.duration;
  }
}
