import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { levelDbm0 } from '../support/audio.ts';
import { loopbackAddress } from '../support/loopback.ts';
import { newPanelPage } from '../support/panel-page.ts';
import { describeWithPeers } from '../support/peers.ts';
import { waitUntil } from '../support/wait-until.ts';

const web = `${loopbackAddress(50)}:8080`;

const CONFIG = `
site: { id: panel-test, country: gb, timezone: Europe/London }
hat:
  port: emulator
  emulator: plain
  lines:
    - { port: 1, kind: fxs, extension: "201", name: Front desk, context: office }
    - { port: 2, kind: fxs, extension: "202", name: Workshop, context: office }
dialplan: |
  [office]
  exten => _20X,1,Dial(\${DEVICE(\${EXTEN})},20)
web: { listen: "http://${web}", auth: none }
`;

/** The browser's microphone is a beep each second; nobody has to be asked for it. */
const BROWSER_ARGUMENTS = ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

describeWithPeers('the panel in a browser', ['chromium'], () => {
  let appliance: Appliance;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    appliance = await startAppliance({ config: CONFIG, web });
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: BROWSER_ARGUMENTS });
  });

  beforeEach(async () => {
    page = await newPanelPage(browser, complaints);
    await page.goto(`http://${web}/`);
  });

  afterEach(async () => {
    await page.close();
    for (const port of [1, 2]) {
      await appliance.hangUp(port);
      await appliance.waitForLine(port, 'idle', 5_000);
    }
    await appliance.waitForNoCalls();
    expect(complaints.splice(0)).toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
    await appliance?.dispose();
  });

  const phone = (extension: string): Locator => page.getByRole('article', { name: `Phone ${extension}` });
  const display = (extension: string): Locator => phone(extension).getByRole('status');
  const press = (extension: string, name: string) =>
    phone(extension).getByRole('button', { name, exact: true }).click();

  async function shows(extension: string, text: string): Promise<void> {
    await display(extension).getByText(text).waitFor();
  }

  async function dial(extension: string, number: string): Promise<void> {
    await press(extension, 'Lift the handset');
    await shows(extension, 'Dial tone');
    for (const digit of number) await press(extension, `Dial ${digit}`);
  }

  it('lifts a handset, dials, answers at the other, shows the call, and hangs up', async () => {
    await dial('201', '202');
    await phone('202').getByRole('button', { name: 'Answer' }).waitFor();
    await shows('202', '201');
    await shows('202', 'Front desk');
    await press('202', 'Answer');
    await shows('201', 'Talking');
    await shows('202', 'Talking');
    const call = page.getByRole('listitem', { name: 'Call from 201 to 202' });
    await call.getByText('Talking').waitFor();
    await call.getByText(/^0:0[1-9]$/).waitFor();
    await press('201', 'Hang up');
    await call.waitFor({ state: 'detached' });
    await shows('201', 'Ready');
    expect((await appliance.status()).lines['1']).toMatchObject({ hook: 'on', state: 'idle' });
  });

  it('brings what the handset hears to the browser, and the microphone to the other handset', async () => {
    const listening = page.waitForEvent('websocket', (socket) => socket.url().endsWith('/lines/1/audio'));
    await dial('201', '202');
    const socket = await listening;
    let loudest = -90;
    socket.on('framereceived', ({ payload }) => {
      const bytes = Buffer.from(payload);
      const samples = Int16Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readInt16LE(2 * i));
      loudest = Math.max(loudest, levelDbm0(samples));
    });
    await waitUntil('ringback in the browser', 10_000, () => loudest > -25);
    await press('202', 'Answer');
    await shows('201', 'Talking');
    await press('201', 'Talk');
    await phone('201').getByRole('button', { name: 'Microphone on' }).waitFor();
    await waitUntil(
      'the beep of the microphone at the other handset',
      10_000,
      async () => levelDbm0(await appliance.heard(2, 1)) > -45,
    );
  });

  it('ends a call and tells both phones', async () => {
    await dial('201', '202');
    await phone('202').getByRole('button', { name: 'Answer' }).click();
    await shows('202', 'Talking');
    await page.getByRole('button', { name: 'End call' }).click();
    await page.getByText('No call stands').waitFor();
    await appliance.waitForNoCalls();
  });

  it('follows what happens without it, and takes digits from the keyboard', async () => {
    await appliance.lift(1);
    await shows('201', 'Dial tone');
    await phone('201').getByRole('button', { name: 'Hang up' }).waitFor();
    await page.getByRole('button', { name: /^Line 1, extension 201/ }).click();
    await page.keyboard.type('202', { delay: 50 });
    await shows('202', 'Ringing');
    await shows('201', '202');
  });

  it('traces a number without calling anyone', async () => {
    await page.getByLabel('Number').fill('202');
    await page.getByRole('button', { name: 'Trace' }).click();
    await page.getByRole('list', { name: 'Steps' }).getByText('Dial(LINE/2').waitFor();
    expect((await appliance.status()).calls).toEqual([]);
  });

  it.each([
    [360, 'light'],
    [768, 'dark'],
  ] as const)('fits a screen %d pixels wide', async (width, colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    await phone('201').waitFor();
    await press('201', 'Lift the handset');
    await shows('201', 'Dial tone');
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    const key = await phone('201').getByRole('button', { name: 'Dial 5' }).boundingBox();
    expect(Math.min(key!.width, key!.height)).toBeGreaterThanOrEqual(44);
  });

  it('gives every control a name', async () => {
    await phone('202').waitFor();
    const controls = (await page.locator('body').ariaSnapshot()).match(/- (button|link|textbox|combobox|img|meter).*/g);
    expect(controls?.length).toBeGreaterThan(40);
    expect(controls?.filter((control) => !/^- \w+ "[^"]+"/.test(control))).toEqual([]);
  });

  it('says when the appliance is gone, and comes back with it', async () => {
    await page.getByText('Live').waitFor();
    await appliance.stop();
    await page.getByText('No connection').waitFor();
    await appliance.start();
    await page.getByText('Live').waitFor();
    complaints.length = 0;
  });
});
