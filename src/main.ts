import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildProgram } from './cli/branchline.ts';
import type { RunRequest } from './cli/run.ts';
import type { ExitCode } from './cli/terminal.ts';
import { demo } from './demo.ts';
import { openLog } from './io/log.ts';
import { Service } from './service.ts';

/** Set by the build; a run from the sources says so. */
const VERSION = process.env['BRANCHLINE_VERSION'] ?? '0.0.0-development';
const PAGE_DIRECTORY = join(dirname(fileURLToPath(import.meta.url)), 'panel');

async function run(request: RunRequest): Promise<ExitCode> {
  const sink = openLog({ level: 'info' });
  const { log } = sink;
  const service = await Service.start({
    configuration: request.loaded.configuration,
    dataDirectory: request.dataDirectory,
    version: VERSION,
    log,
    pageDirectory: PAGE_DIRECTORY,
  });
  if ('failed' in service) {
    log('error', 'main', service.failed);
    sink.flush();
    return 1;
  }
  process.on('SIGHUP', () => {
    const loaded = request.reload();
    if (loaded === undefined) log('error', 'main', 'The configuration has errors; the running one stays.');
    else service.reload(loaded.configuration);
  });
  process.stdout.write('ready\n');
  await stopSignal();
  await service.stop();
  sink.flush();
  return 0;
}

/** Resolves at the first SIGTERM or SIGINT. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}

const program = buildProgram({
  version: VERSION,
  run,
  demo: () => demo({ version: VERSION, pageDirectory: PAGE_DIRECTORY, stopSignal }),
});
process.exitCode = await program.execute(process.argv.slice(2));
