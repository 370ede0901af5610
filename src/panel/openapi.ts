import { z } from 'zod';
import type { ResponseDescription, Route } from './http.ts';

/** Describes the routes in OpenAPI 3.1, whose schemas are JSON Schema as it stands; named ones are components. */
export function describeOpenApi(routes: readonly Route[], version: string): object {
  const components = new Map<string, object>();
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, components) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Branchline', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: { schemas: Object.fromEntries(components) },
  };
}

function operation(route: Route, components: Map<string, object>): object {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(route.query ?? {}).map(([name, { schema, description }]) => ({
    name,
    in: 'query',
    description,
    schema: schemaOf(schema, components),
  }));
  const body = route.body === undefined ? undefined : content('application/json', route.body, components);
  const parameters = [...inPath, ...inQuery];
  return {
    summary: route.summary,
    operationId: operationId(route),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: body } }),
    responses: Object.fromEntries(
      Object.entries(route.responses).map(([status, description]) => [status, response(description, components)]),
    ),
  };
}

/** `GET /api/lines/:id` → `getApiLinesId`. */
function operationId({ method, path }: Route): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return method.toLowerCase() + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}

function response({ description, type, schema }: ResponseDescription, components: Map<string, object>): object {
  if (schema === undefined && type === undefined) return { description };
  return { description, content: content(type ?? 'application/json', schema, components) };
}

function content(type: string, schema: z.ZodType | undefined, components: Map<string, object>): object {
  return { [type]: schema === undefined ? {} : { schema: schemaOf(schema, components) } };
}

function schemaOf(schema: z.ZodType, components: Map<string, object>): object {
  const text = JSON.stringify(z.toJSONSchema(schema, { io: 'input' }));
  const {
    $schema: _,
    $defs,
    ...rest
  } = JSON.parse(text.replaceAll('"#/$defs/', '"#/components/schemas/')) as {
    $schema?: string;
    $defs?: Record<string, object>;
  };
  for (const [name, definition] of Object.entries($defs ?? {})) components.set(name, definition);
  return rest;
}
