import type { z } from 'zod';
import { issueText } from '../status/issue-text.ts';
import { failure, type HttpRequest, type HttpResponse } from './http.ts';

/** Hands on the body of a request that fits its schema; answers 400 to any other. */
export function withBody<Schema extends z.ZodType>(
  { body }: Pick<HttpRequest, 'body'>,
  schema: Schema,
  handle: (body: z.output<Schema>) => HttpResponse,
): HttpResponse {
  const parsed = schema.safeParse(body, { error: issueText });
  return parsed.success ? handle(parsed.data) : failure(400, firstProblem(parsed.error));
}

/** The first thing that is wrong, with its place: `to: it is missing`. */
export function firstProblem(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'not valid';
  const place = issue.path.join('.');
  return place === '' ? issue.message : `${place}: ${issue.message}`;
}
