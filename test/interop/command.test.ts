import { expect, test } from 'vitest';
import { BRANCH, branch, branchConfig } from '../support/branch-office.ts';

test('two instances on one port: the second says which, and ends with 1', async () => {
  const first = branch();
  const second = branch();
  second.configure(branchConfig().replace(`${BRANCH}:8080`, `${BRANCH}:8081`));
  try {
    await first.start();
    const program = second.spawn();
    expect(await program.exit(10_000)).toBe(1);
    expect(program.stderr).toContain(`${BRANCH}:4569`);
    expect(program.stderr).toMatch(/in use/);
    expect(program.stderr).not.toMatch(/\bat .*\.js:\d+/);
    expect((await first.status()).lines['1']?.state).toBe('idle');
  } finally {
    await second.dispose();
    await first.dispose();
  }
});

test('a configuration that is wrong ends with 2 and says where', async () => {
  const appliance = branch();
  appliance.configure(branchConfig().replace('country: fr', 'country: atlantis'));
  try {
    const program = appliance.spawn();
    expect(await program.exit(10_000)).toBe(2);
    expect(program.stderr).toMatch(/branchline\.yaml:1:\d+: /);
  } finally {
    await appliance.dispose();
  }
});

test('SIGTERM lets the appliance end with 0 while a call is up', async () => {
  const appliance = branch();
  try {
    await appliance.start();
    await appliance.lift(1);
    await appliance.waitForLine(1, 'dial-tone', 2_000);
    await appliance.dial(1, '202');
    await appliance.waitForLine(2, 'ringing', 5_000);
    await appliance.lift(2);
    await appliance.waitForLine(2, 'talking', 2_000);
    expect(await appliance.stop()).toBe(0);
  } finally {
    await appliance.dispose();
  }
});
