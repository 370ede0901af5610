import type { SurroundingsOptions } from '../firmware-bridge/emulator/surroundings.ts';
import { TownExchange } from '../firmware-bridge/emulator/town-exchange.ts';
import type { Configuration } from './config/load.ts';
import { EmulatorThread } from './emulator-thread.ts';
import { FirmwareHatRunner } from './firmware-hat-runner.ts';
import { exchangeHabits, profileOf, townLineSettings } from './line-settings.ts';
import { PlainHatRunner } from './plain-hat-runner.ts';
import type { RunningHat, RunningHatOptions } from './running-hat.ts';
import { SerialHatRunner } from './serial-hat-runner.ts';

/** Below this the emulator has too little to spare for what else the machine does, or is about to do. */
const SLOWEST = 2;
const SOCKETS = 4;

/** The HAT that the configuration asks for, not yet started; undefined without one. */
export async function openHat(
  configuration: Configuration,
  options: RunningHatOptions,
): Promise<RunningHat | undefined> {
  const { hat } = configuration;
  if (hat === undefined) return undefined;
  if (hat.port !== 'emulator') return new SerialHatRunner({ ...options, path: hat.port, resetPath: hat.reset });
  const around = surroundingsOf(configuration);
  const plain = () => new PlainHatRunner(around, options);
  if (hat.emulator === 'plain') return plain();
  const thread = await startThread(hat, around);
  if (typeof thread === 'string') {
    const level = hat.emulator === 'firmware' ? 'warn' : 'info';
    options.log(level, 'hat', `The HAT is a model of its firmware, not the firmware itself: ${thread}.`);
    return plain();
  }
  const speed = `The HAT is its firmware, emulated at ${thread.speed.toFixed(1)} times real time`;
  if (thread.speed >= SLOWEST) options.log('info', 'hat', `${speed}.`);
  else options.log('warn', 'hat', `${speed}, too slow for good sound; emulator: plain would be the model of it.`);
  return new FirmwareHatRunner(around, thread, options);
}

/** A telephone or an exchange in each socket; the relay lets line 1 fall onto the first town line. */
function surroundingsOf(configuration: Configuration): SurroundingsOptions {
  const habits = exchangeHabits(profileOf(configuration));
  const ports = configuration.hat?.lines.filter((line) => line.kind === 'fxs').map((line) => line.port) ?? [];
  const townLines = new Map(townLineSettings(configuration).map(({ port }) => [port, new TownExchange(habits)]));
  const [relayLine] = townLines.values();
  return { ports, townLines, relayLine };
}

/** Why it is not to run, in a clause. */
async function startThread(
  { emulator, lines }: NonNullable<Configuration['hat']>,
  { ports, townLines = new Map() }: SurroundingsOptions,
): Promise<EmulatorThread | string> {
  const unable = lines.find((line) => line.port > SOCKETS);
  if (unable !== undefined) return `that has no line ${unable.port}`;
  try {
    const thread = await EmulatorThread.start({ ports, townPorts: [...townLines.keys()] });
    if (emulator === 'firmware' || thread.speed >= SLOWEST) return thread;
    await thread.stop();
    return `emulated here it runs at ${thread.speed.toFixed(1)} times real time`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
