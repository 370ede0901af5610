import { expect, it } from 'vitest';
import { healthReader } from '../../../src/io/health.ts';
import { MachineFiles } from '../../../src/io/machine-files.ts';
import { healthSchema } from '../../../src/status/schema.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

it('reads what the published schema says, with the CPU of the time since the reading before', () => {
  const clock = new VirtualClock();
  const read = healthReader({
    ...{ version: '1.0.0', startedMs: clock.nowMs(), clock },
    ...{ hat: () => null, sealingKey: () => 'AAAA', hatPpm: () => -12.5, machine: new MachineFiles('/nonexistent') },
  });
  clock.advance(60_000);
  const health = read();
  expect(health).toMatchObject({ version: '1.0.0', uptimeMs: 60_000, sealingKey: 'AAAA' });
  expect(health).toMatchObject({
    temperatureC: null,
    power: null,
    clock: { hatPpm: -12.5, synchronised: null, setByMs: 0 },
  });
  expect(health.memoryMb).toBeGreaterThan(10);
  expect(health.cpuPct).toBeLessThan(10);
  expect(healthSchema.omit({ at: true }).strict().safeParse(health).success).toBe(true);
});
