import { defineConfig } from 'vitest/config';

const shared = { environment: 'node', restoreMocks: true } as const;
/**
 * Real peers keep real time: one file at a time, with nothing beside it, unless a project says otherwise. A test waits for
 * conditions, each with its own limit; these limits are beyond the sum of those that a slow machine needs.
 */
const realTime = { ...shared, hookTimeout: 240_000, fileParallelism: false } as const;

export default defineConfig({
  // The first is ours; with it the others, which Vite has by itself, must be named.
  ssr: { resolve: { conditions: ['node-pcm-codecs-source', 'module', 'node', 'development|production'] } },
  test: {
    projects: [
      {
        extends: true,
        test: { ...shared, name: 'unit', include: ['test/{unit,leg}/**/*.test.ts'], testTimeout: 30_000 },
      },
      { extends: true, test: { ...shared, name: 'sim', include: ['test/sim/**/*.test.ts'], testTimeout: 120_000 } },
      { extends: true, test: { ...shared, name: 'fuzz', include: ['test/fuzz/**/*.test.ts'], testTimeout: 60_000 } },
      {
        extends: true,
        test: { ...realTime, name: 'interop', include: ['test/interop/*.test.ts'], testTimeout: 400_000 },
      },
      {
        extends: true,
        // They wait more than they work: two at once keep real time, too. Each has loopback addresses of its own.
        test: {
          ...realTime,
          ...{ name: 'patient', include: ['test/interop/patient/*.test.ts'], testTimeout: 400_000 },
          ...{ fileParallelism: true, maxWorkers: 2 },
        },
      },
      { extends: true, test: { ...realTime, name: 'soak', include: ['test/soak/**/*.test.ts'], testTimeout: 900_000 } },
    ],
  },
});
