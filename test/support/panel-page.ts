import type { Browser, Page } from 'playwright-core';

/** A new page of the browser, desktop size; all that it complains of, in the console or by an error, goes to `complaints`. */
export async function newPanelPage(browser: Browser, complaints: string[]): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return page;
}
