/** The command. It loads the program only when the engine is told how little memory it is to take for that. */
import { keepYoungGenerationsSmall } from './io/worker-threads.ts';

keepYoungGenerationsSmall();
await import('./main.ts');
