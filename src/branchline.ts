/**
 * The command. It loads the program only when the engine is told to keep its young generation at 2 MB: else that doubles,
 * up to 32 MB, as often as much of it survives, which loading a program does and nothing after it, and none is given back.
 * So little is collected by one thread: to wake others takes longer, and they take the cores of those who call.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--no-parallel-scavenge');
await import('./main.ts');
