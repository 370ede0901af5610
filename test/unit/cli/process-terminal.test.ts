import { execFile } from 'node:child_process';
import { execPath } from 'node:process';
import { afterEach, describe, expect, it } from 'vitest';
import { processTerminal } from '../../../src/cli/process-terminal.ts';

describe('the terminal of the process', () => {
  const before = process.listeners('SIGINT');

  afterEach(() => {
    for (const listener of process.listeners('SIGINT'))
      if (!before.includes(listener)) process.off('SIGINT', listener as NodeJS.SignalsListener);
  });

  it('leaves Ctrl-C to the system before the first pause', () => {
    processTerminal();
    expect(process.listeners('SIGINT')).toEqual(before);
  });

  it('ends a pause at Ctrl-C', async () => {
    const terminal = processTerminal();
    const paused = terminal.pause(60_000);
    process.emit('SIGINT');
    await paused;
    expect(terminal.stop.aborted).toBe(true);
  });

  it('hears a Ctrl-C that comes between two pauses', async () => {
    const terminal = processTerminal();
    await terminal.pause(0);
    process.emit('SIGINT');
    expect(terminal.stop.aborted).toBe(true);
    await terminal.pause(60_000);
  });

  it.each([
    ['a reader that has had enough', '| true', '', 0],
    ['a disk that is full', '> /dev/full', 'branchline: the output cannot be written: ENOSPC\n', 1],
  ])('ends in peace before %s', async (_, where, said, code) => {
    const module = JSON.stringify(new URL('../../../src/cli/process-terminal.ts', import.meta.url).href);
    const write = `
      const { processTerminal } = await import(${module});
      const terminal = processTerminal();
      for (let i = 0; i < 1000 && !terminal.stop.aborted; i++) {
        terminal.out('x'.repeat(1000) + '\\n');
        await new Promise(setImmediate);
      }`;
    const node = `'${execPath}' --import tsx --input-type=module -e '${write.replaceAll("'", `'"'"'`)}'`;
    const script = `set -o pipefail; ${node} ${where}`;
    const ended = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile('bash', ['-c', script], (error, _stdout, stderr) => resolve({ code: error?.code ?? 0, stderr }));
    });
    expect(ended).toEqual({ code, stderr: said });
  });

  it('leaves the second Ctrl-C to the system', async () => {
    const terminal = processTerminal();
    await terminal.pause(0);
    process.emit('SIGINT');
    expect(process.listeners('SIGINT')).toEqual(before);
  });
});
