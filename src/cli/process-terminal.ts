import { setMaxListeners } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { openLog } from '../io/log.ts';
import type { Terminal } from './terminal.ts';

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  setMaxListeners(0, stopping.signal);
  let hasPaused = false;
  let hasFailed = false;
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    stop();
    // `branchline status --watch | head`: the reader has had enough. Anything else is told, once, and is a failure.
    if (code === 'EPIPE' || hasFailed) return;
    hasFailed = true;
    process.stderr.write(`branchline: the output cannot be written: ${code}\n`);
    process.on('exit', () => {
      process.exitCode ||= 1;
    });
  });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    interactive: process.stdout.isTTY === true,
    size: () => (process.stdout.isTTY === true ? process.stdout : undefined),
    environment: process.env,
    openLog: () => openLog({ level: 'info' }),
    async pause(ms) {
      // Before the first pause Ctrl-C ends the program as ever, and so does the second one. The listener stays between pauses:
      // a signal that has come, but is not handed out yet, would go with it.
      if (!hasPaused) process.once('SIGINT', stop);
      hasPaused = true;
      await wait(ms, undefined, { signal: stopping.signal }).catch(() => {});
    },
    read: () => text(process.stdin),
    stop: stopping.signal,
  };
}
