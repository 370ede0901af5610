import type { Counters } from '../base/counters.ts';
import type { Address } from '../base/machine.ts';
import type { MediaEvent, StreamId } from '../base/media-port.ts';
import type { Queue } from '../base/queue.ts';
import type { RecordRing } from '../base/record-ring.ts';
import type { RtpSink } from './datagram-sink.ts';
import type { FarVoiceReader } from './far-voice.ts';
import { REPORT } from './plane-link.ts';

/** What the worker's sockets have for others; `taken`: its audio is in its stream already. */
export interface DatagramReceiver {
  readonly handleDatagram: (bytes: Uint8Array, from: Address, taken: boolean) => void;
  /** `localPort`: that of RTP, or 0: the port of IAX2. */
  readonly handleTapped: (direction: 'in' | 'out', bytes: Uint8Array, remote: Address, localPort: number) => void;
}

export interface WorkerReportsOptions {
  readonly voice: FarVoiceReader;
  readonly events: Queue<MediaEvent>;
  readonly counters: Counters;
  readonly sendRtp: RtpSink | undefined;
  readonly onRecorded: (room: StreamId, payload: Uint8Array, last: boolean) => void;
}

/** Gives what the worker reports to whom it is for. */
export class WorkerReports {
  constructor(private readonly options: WorkerReportsOptions) {}

  /** Takes the ring's record. */
  take(reports: RecordRing, receiver: DatagramReceiver, nowMs: number): void {
    const { voice, events, counters, sendRtp } = this.options;
    if (voice.take(reports, nowMs)) return;
    const { kind, numbers } = reports;
    const [a, b, c] = [numbers[0]!, numbers[1]!, numbers[2]!];
    switch (kind) {
      case REPORT.DATAGRAM:
        receiver.handleDatagram(reports.copy(), { ip: reports.text(), port: a }, b === 1);
        break;
      case REPORT.VOICE_FULL_DUE:
        events.push({ type: 'voice-full-due', stream: a, timestamp: b, format: c, payload: reports.copy() });
        break;
      case REPORT.NO_FORMAT:
        events.push({ type: 'no-format', stream: a });
        break;
      case REPORT.COUNT:
        counters.increment(reports.text(), a);
        break;
      case REPORT.TAP:
        receiver.handleTapped(b === 1 ? 'out' : 'in', reports.copy(), { ip: reports.text(), port: a }, c);
        break;
      case REPORT.RTP:
        sendRtp?.(a, { ip: reports.text(), port: b }, reports.copy(), 0, reports.length);
        break;
      case REPORT.DIGIT_BEGIN:
        events.push({ type: 'digit-begin', stream: a, digit: reports.text() });
        break;
      case REPORT.DIGIT_END:
        events.push({ type: 'digit-end', stream: a, digit: reports.text(), durationMs: b });
        break;
      case REPORT.FLASH:
        events.push({ type: 'flash', stream: a });
        break;
      case REPORT.RECORDED:
        this.options.onRecorded(a, reports.copy(), b === 1);
        break;
    }
  }
}
