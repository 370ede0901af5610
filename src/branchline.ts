/**
 * The command. It loads the program only when the engine is told to keep its young generation at 2 MB: else that doubles,
 * up to 32 MB, as often as much of it survives, which loading a program does and nothing after it, and none is given back.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--semi-space-growth-factor=1');
await import('./main.ts');
