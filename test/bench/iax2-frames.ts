import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { encodeFullFrame } from '../../src/iax2/frame.ts';
import { encodeInformationElements } from '../../src/iax2/information-element.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from '../../src/iax2/subclass.ts';
import { pause } from '../support/wait-until.ts';
import { cpuNanoseconds, WARM_UP_MS } from './process-cost.ts';
import type { Subject } from './subject.ts';
import { GENERATOR, SUBJECT } from './subjects.ts';

/** Below what each of them answers at most. */
const PER_SECOND = 1_000;
const SECONDS = 4;
const IDLE_MS = 2_000;

/**
 * What a whole frame costs a switch: µs of CPU for a POKE that is received, decoded and answered with a PONG, sockets
 * included, less what the switch uses when nobody asks.
 */
export async function frameCostUs(subject: Subject): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(4569, GENERATOR);
  await once(socket, 'listening');
  try {
    let answers = 0;
    socket.on('message', () => answers++);
    const body = encodeInformationElements({ callToken: new Uint8Array(0) });
    const ask = (call: number) =>
      socket.send(
        encodeFullFrame({
          sourceCall: call,
          timestamp: 3,
          frameType: FRAME_TYPE.IAX,
          subclass: IAX_SUBCLASS.POKE,
          body,
        }),
        4569,
        SUBJECT,
      );
    const askFor = async (seconds: number) => {
      const count = PER_SECOND * seconds;
      const startMs = performance.now();
      for (let asked = 0; asked < count; ) {
        const due = Math.min(count, ((performance.now() - startMs) / 1_000) * PER_SECOND);
        for (; asked < due; asked++) ask(2 + (asked % 30_000));
        await pause(5);
      }
      await pause(200);
    };
    const idle = await nanosecondsOver(subject.pid, () => pause(IDLE_MS));
    await askFor(WARM_UP_MS / 1_000);
    answers = 0;
    const startMs = performance.now();
    const busy = await nanosecondsOver(subject.pid, () => askFor(SECONDS));
    const durationMs = performance.now() - startMs;
    if (answers < 0.95 * PER_SECOND * SECONDS) throw new Error(`${subject.name} answered ${answers} POKEs only`);
    return (busy - (idle * durationMs) / IDLE_MS) / 1_000 / answers;
  } finally {
    socket.close();
  }
}

async function nanosecondsOver(pid: number, work: () => Promise<void>): Promise<number> {
  const before = cpuNanoseconds(pid);
  await work();
  return cpuNanoseconds(pid) - before;
}
