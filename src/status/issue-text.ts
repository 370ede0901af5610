import type { z } from 'zod';

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
};

/** What is wrong with an argument that somebody gave, as a clause to stand behind its name; undefined for what says it itself. */
export function issueText(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'it is missing' : `it must be ${TYPES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `it must be ${issue.values.map(String).join(' or ')}`;
    case 'too_small':
      return `it must ${amount(issue.origin, 'at least', Number(issue.minimum))}`;
    case 'too_big':
      return `it must ${amount(issue.origin, 'at most', Number(issue.maximum))}`;
    case 'unrecognized_keys':
      return `${issue.keys.join(' and ')} ${issue.keys.length === 1 ? 'is' : 'are'} unknown here`;
    default:
      return undefined;
  }
}

function amount(origin: string, bound: string, limit: number): string {
  return origin === 'string' ? `have ${bound} ${limit} character${limit === 1 ? '' : 's'}` : `be ${bound} ${limit}`;
}
