import { z } from 'zod';
import type { TelephoneOrders } from './switch/telephone-orders.ts';

const number = z.string().nullable();
const forward = z.object({ always: number, busy: number, noAnswer: number });
const ordersSchema = z.record(z.string(), z.object({ doNotDisturb: z.boolean(), forward }));

/** What was ordered at telephones, as the disk keeps it. */
export function formatOrders(orders: ReadonlyMap<string, TelephoneOrders>): string {
  return `${JSON.stringify(Object.fromEntries(orders))}\n`;
}

/** The same, read again; undefined for a file that is damaged. */
export function parseOrders(text: string): ReadonlyMap<string, TelephoneOrders> | undefined {
  const read = ordersSchema.safeParse(JSON.parse(text));
  return read.success ? new Map(Object.entries(read.data)) : undefined;
}
