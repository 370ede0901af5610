import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { newPanelPage } from '../support/panel-page.ts';
import { describeWithPeers } from '../support/peers.ts';

const web = `${loopbackAddress(54)}:8080`;

const CONFIG = `# The office in London
site: { id: editor-test, country: gb, timezone: Europe/London }
hat:
  port: emulator
  emulator: plain
  lines:
    - { port: 1, kind: fxs, extension: "201", name: Front desk, context: office }
    - { port: 2, kind: fxs, extension: "202", name: Workshop, context: office }
iax2:
  bind: ${loopbackAddress(54)}:4569
  peers:
    hq: { type: peer, host: ${loopbackAddress(54)}:4570, username: london, secret: "never-in-a-browser", register: { refresh: 60s }, context: office }
dialplan: |
  [office]
  exten => _20X,1,Dial(\${DEVICE(\${EXTEN})},20)
  exten => 7,1,Dial(IAX2/me:nor-this-one@hq/7)
web: { listen: "http://${web}", auth: none }
`;

describeWithPeers('the configuration editor in a browser', ['chromium'], () => {
  let appliance: Appliance;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  /** Everything that the appliance has sent to the browser. */
  const received: Promise<string>[] = [];

  beforeAll(async () => {
    appliance = await startAppliance({ config: CONFIG, web });
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  });

  beforeEach(async () => {
    page = await newPanelPage(browser, complaints);
    page.on('response', (response) => received.push(response.text().catch(() => '')));
    page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => received.push(Promise.resolve(String(payload)))),
    );
    await page.goto(`http://${web}/`);
  });

  afterEach(async () => {
    await page.close();
    expect(complaints.splice(0)).toEqual([]);
    const all = (await Promise.all(received.splice(0))).join('\n');
    expect(all).not.toMatch(/never-in-a-browser|nor-this-one/);
  });

  afterAll(async () => {
    await browser?.close();
    await appliance?.dispose();
  });

  const editor = () => page.getByRole('textbox', { name: 'Configuration, YAML' });
  const button = (name: string) => page.getByRole('button', { name, exact: true });

  async function open(): Promise<void> {
    await button('Edit the configuration').click();
    await editor().waitFor();
    await page.getByText('As it runs').waitFor();
  }

  /** Puts the cursor behind the last character, by the keyboard alone. */
  async function goToEnd(): Promise<void> {
    await editor().focus();
    await page.keyboard.press('Control+End');
  }

  it('marks what is wrong as it is typed, says where, and leads there', async () => {
    await open();
    await goToEnd();
    await page.keyboard.type('fone: 1\n');
    await page.getByText('1 error: it cannot run.').waitFor();
    await page.getByRole('list', { name: 'Problems' }).getByText('unknown key "fone"').waitFor();
    expect(await page.locator('.cm-lint-marker-error').count()).toBe(1);
    expect(await button('Review the change').isDisabled()).toBe(true);
    await button('Line 18, column 1').click();
    await page.keyboard.press('Shift+End');
    await page.keyboard.press('Delete');
    await page.getByText(/^Valid|^As it runs/).waitFor();
    await button('Discard').click();
    await button('Edit the configuration').waitFor();
  });

  it('shows what a change does, tries it, and keeps it when it is confirmed', async () => {
    await open();
    await goToEnd();
    await page.keyboard.type('groups: {{} "220": ["201", "202"] }\n'.replace('{{}', '{'));
    await page.getByText(/^Valid; 1 change/).waitFor();
    await button('Review the change').click();
    await page.getByRole('list', { name: 'Changes' }).getByText('groups').waitFor();
    await page.getByText('no call is ended').waitFor();
    await button('Apply on trial').click();
    await page.getByText('Does everything work?').waitFor();
    await page.getByText(/^1:\d\d$/).waitFor();
    await button('Confirm').click();
    await page.getByText('The change at the panel was kept').waitFor({ timeout: 20_000 });
    await page.getByText('What runs was made at this panel').waitFor();
    await page.getByRole('log').getByText('made at the panel is applied').waitFor();
    await page.getByLabel('Number').fill('220');
    await button('Trace').click();
    await page.getByRole('list', { name: 'Steps' }).getByText('LINE/1').first().waitFor();
  });

  it('takes a change back at a word, and offers its text again', async () => {
    await open();
    await goToEnd();
    await page.keyboard.type('# a remark\n');
    await button('Review the change').click();
    await page.getByText('Only comments').waitFor();
    await button('Apply on trial').click();
    await button('Roll back').click();
    await page.getByText('was rolled back: an operator rolled it back').waitFor();
    await button('Edit what was rolled back').click();
    await editor().getByText('# a remark').waitFor();
    await button('Discard').click();
  });

  it('goes back by itself when the power goes while a change is on trial', async () => {
    await open();
    await goToEnd();
    await page.keyboard.type('conferences: {{} "600": {{}} }\n'.replaceAll('{{}', '{'));
    await page.getByText(/^Valid; 1 change/).waitFor();
    await button('Review the change').click();
    await button('Apply on trial').click();
    await button('Confirm').waitFor();
    appliance.signal('SIGKILL');
    await appliance.exit(5_000);
    await page.getByText('No connection').waitFor();
    await appliance.start();
    await page.getByText('the appliance stopped while it was on trial').waitFor({ timeout: 20_000 });
    await page.getByText('What runs was made at this panel').waitFor();
    complaints.length = 0;
    await open();
    expect(await editor().getByText('conferences').count()).toBe(0);
    expect(await editor().getByText('groups').count()).toBe(1);
  });

  it.each([
    [360, 'light'],
    [768, 'dark'],
  ] as const)('fits a screen %d pixels wide, and gives every control a name', async (width, colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    await open();
    await goToEnd();
    await page.keyboard.type('fone: 1\n');
    await page.getByText('1 error: it cannot run.').waitFor();
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    const snapshot = await page.locator('body').ariaSnapshot();
    const controls = snapshot.match(/- (button|link|textbox|combobox|log|group).*/g);
    expect(controls?.filter((control) => !/^- \w+ "[^"]+"/.test(control))).toEqual([]);
  });

  it('shows the log as it grows, filtered, and stands still when it is paused', async () => {
    const log = page.getByRole('log');
    await log.getByText('The appliance stopped while a configuration was on trial').waitFor();
    await page.getByLabel('Show').selectOption('error');
    await log.getByText('Nothing of this kind').waitFor();
    await page.getByLabel('Show').selectOption('info');
    await button('Pause').click();
    await page.request.post(`http://${web}/api/configuration`, {
      data: {
        version: ((await (await page.request.get(`http://${web}/api/configuration`)).json()) as { version: string })
          .version,
        text: `${((await (await page.request.get(`http://${web}/api/configuration`)).json()) as { text: string }).text}# x\n`,
      },
    });
    await page.getByText(/^\d more since/).waitFor();
    expect(await log.getByText('is pending-confirm').count()).toBe(0);
    await button('Pause').click();
    await log.getByText('is pending-confirm').waitFor();
    await button('Roll back').click();
    await page.getByText('was rolled back: an operator').waitFor();
  });
});
