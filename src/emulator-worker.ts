import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import type { World } from '../firmware-bridge/emulator/board.ts';
import { measureSpeed } from '../firmware-bridge/emulator/emulator-speed.ts';
import { Rp2040Board } from '../firmware-bridge/emulator/rp2040-board.ts';
import type { EmulatorMessage, EmulatorWorkerData } from './emulator-thread.ts';
import { systemRandom } from './io/random.ts';

/** The shipped firmware on an emulated RP2040, one block of 10 ms for each message. */
const port = parentPort!;
const { imagePath, sockets } = workerData as EmulatorWorkerData;
const image = readFileSync(imagePath);
const say = (message: EmulatorMessage) => port.postMessage(message);

const speed = measureSpeed(new Rp2040Board({ image, ports: [1, 2, 3, 4] }), systemRandom, () => performance.now());
const board = new Rp2040Board({ image, ...sockets });
port.on('message', (world: World) => say({ type: 'deeds', deeds: board.run(world) }));
say({ type: 'ready', speed });
