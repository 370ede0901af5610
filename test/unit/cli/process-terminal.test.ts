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

  it('leaves the second Ctrl-C to the system', async () => {
    const terminal = processTerminal();
    await terminal.pause(0);
    process.emit('SIGINT');
    expect(process.listeners('SIGINT')).toEqual(before);
  });
});
