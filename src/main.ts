import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Log } from './base/log.ts';
import { buildProgram } from './cli/branchline.ts';
import type { Enrol, RunRequest } from './cli/run.ts';
import type { ExitCode } from './cli/terminal.ts';
import { demo } from './demo.ts';
import { EnrolmentHost } from './enrolment-host.ts';
import { systemClock } from './io/clock.ts';
import { collectGarbage } from './io/collect-garbage.ts';
import { openLog } from './io/log.ts';
import { StartCount } from './io/start-count.ts';
import { ServiceNotifier } from './io/systemd.ts';
import { ServiceHost } from './service-host.ts';
import { LogBook } from './status/log-book.ts';
import { formatTime } from './status/wall-time.ts';
import { launchOf } from './update-desk.ts';

/** Set by the build; a run from the sources says so. */
const VERSION = process.env['BRANCHLINE_VERSION'] ?? '0.0.0-development';
const PAGE_DIRECTORY = join(dirname(fileURLToPath(import.meta.url)), 'panel');

/** How long a stop waits for the calls that stand; less than TimeoutStopSec of the systemd unit. */
const DRAIN_MS = 20_000;
/** SIGTERM lets calls end, SIGINT (Ctrl-C) ends them. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const startCount = new StartCount(process.env['BRANCHLINE_STARTS']);

async function run(request: RunRequest): Promise<ExitCode> {
  const sink = openLog({ level: 'info' });
  const logBook = new LogBook(sink.log, () => formatTime(systemClock.wallMs()));
  const { log } = logBook;
  const failing = new AbortController();
  const leaving = new AbortController();
  const service = await ServiceHost.start({
    local: request.loaded,
    readLocal: request.reload,
    secrets: request.secrets,
    dataDirectory: request.dataDirectory,
    version: VERSION,
    log,
    logBook,
    pageDirectory: PAGE_DIRECTORY,
    launch: launchOf(process.env),
    onRelease: () => leaving.abort(),
    onFailure: (reason) => {
      log('error', 'main', reason);
      failing.abort();
    },
  });
  if ('failed' in service) {
    log('error', 'main', service.failed);
    sink.flush();
    return 1;
  }
  const notifier = new ServiceNotifier(process.env, log);
  // A signal that nobody waits for would end the process in the middle of its goodbye.
  for (const signal of STOP_SIGNALS) process.on(signal, () => {});
  process.on('SIGHUP', () => void reload(service, notifier, log));
  collectGarbage();
  process.stdout.write('ready\n');
  void notifier.ready('serving');
  startCount.noteServing();
  const watchdog = feedWatchdog(service, notifier);
  const end = await Promise.race([nextSignal(), aborted(failing.signal, 'failed'), aborted(leaving.signal, 'SIGTERM')]);
  if (end === 'SIGTERM') {
    void notifier.stopping();
    await drain(service, notifier);
  }
  clearInterval(watchdog);
  await service.stop();
  sink.flush();
  return failing.signal.aborted ? 1 : 0;
}

const enrol: Enrol = async (request) => {
  const sink = openLog({ level: 'info' });
  const { log } = sink;
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  const notifier = new ServiceNotifier(process.env, log);
  const watchdog =
    notifier.watchdogMs === undefined ? undefined : setInterval(() => notifier.alive(), notifier.watchdogMs);
  void notifier.ready('waiting to be enrolled');
  startCount.noteServing();
  const end = await new EnrolmentHost({ ...request, log, pageDirectory: PAGE_DIRECTORY }).run(stopping.signal);
  clearInterval(watchdog);
  for (const signal of STOP_SIGNALS) process.off(signal, stop);
  if (typeof end !== 'string') log('error', 'enrol', end.failed);
  sink.flush();
  return typeof end === 'string' ? end : 'failed';
};

function aborted<Word extends string>(signal: AbortSignal, word: Word): Promise<Word> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(word), { once: true }));
}

async function reload(service: ServiceHost, notifier: ServiceNotifier, log: Log): Promise<void> {
  await notifier.reloading();
  const failure = await service.reload();
  if (failure !== undefined) log('error', 'main', `Nothing was reloaded: ${failure}.`);
  await notifier.ready('serving');
}

function feedWatchdog(service: ServiceHost, notifier: ServiceNotifier): NodeJS.Timeout | undefined {
  if (notifier.watchdogMs === undefined) return undefined;
  return setInterval(() => {
    if (service.mediaIsOnTime) notifier.alive();
  }, notifier.watchdogMs);
}

/** Waits until the calls have ended, the time is over and no emergency call stands, or somebody asks again. */
async function drain(service: ServiceHost, notifier: ServiceNotifier): Promise<void> {
  const impatient = new AbortController();
  const insistent = new AbortController();
  const timer = setTimeout(() => impatient.abort(), DRAIN_MS);
  const extension = setInterval(() => {
    if (service.hasEmergency) void notifier.extendStop(2 * DRAIN_MS);
  }, DRAIN_MS / 4);
  void nextSignal().then(() => insistent.abort());
  await service.drain(impatient.signal, insistent.signal);
  clearTimeout(timer);
  clearInterval(extension);
}

/** Resolves at the next of them. */
function nextSignal(): Promise<'SIGTERM' | 'SIGINT'> {
  return new Promise((resolve) => {
    const listener = (signal: NodeJS.Signals) => {
      for (const each of STOP_SIGNALS) process.off(each, listener);
      resolve(signal as 'SIGTERM' | 'SIGINT');
    };
    for (const each of STOP_SIGNALS) process.on(each, listener);
  });
}

const program = buildProgram({
  version: VERSION,
  run,
  enrol,
  demo: () => demo({ version: VERSION, pageDirectory: PAGE_DIRECTORY, stopSignal: () => nextSignal().then(() => {}) }),
});
const exitCode = await program.execute(process.argv.slice(2));
await startCount.forget();
// A release on trial that does not accept the configuration is to be followed by the one before: systemd starts nothing after 2.
process.exitCode = exitCode === 2 && launchOf(process.env) === 'trial' ? 1 : exitCode;
