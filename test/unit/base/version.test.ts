import { describe, expect, it } from 'vitest';
import { compareVersions, VERSION_PATTERN } from '../../../src/base/version.ts';

describe('versions', () => {
  it('rank by number, a pre-release before its release [SemVer 2.0.0 §11]', () => {
    const ranked = [
      ...['0.9.10', '0.10.0', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2'],
      ...['1.0.0-beta.11', '1.0.0-rc.1', '1.0.0', '1.0.1', '2.0.0'],
    ];
    for (const [index, version] of ranked.entries()) {
      expect(version).toMatch(VERSION_PATTERN);
      for (const [other, against] of ranked.entries())
        expect(Math.sign(compareVersions(version, against)), `${version} and ${against}`).toBe(
          Math.sign(index - other),
        );
    }
  });

  it.each(['', '1.0', '1.0.0+build', 'v1.0.0', '../1.0.0', '1.0.0-', '1.0.0-a/b', '1.0.0-a..b'])(
    '"%s" is none',
    (text) => {
      expect(text).not.toMatch(VERSION_PATTERN);
    },
  );
});
