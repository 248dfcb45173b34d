import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { hasEnded, NGINX, startWorld, type World, waitsForApproval } from '../e2e/world.js';

const load = async <T>(path: string): Promise<T> => (await import(path)) as T;
const { build } = await load<{ build(): void }>('../../scripts/lib/build.mjs');
const { ensureChromium } = await load<{ ensureChromium(): string }>('../../scripts/peers/chromium.mjs');

let world: World;
let browser: Browser;
/** What a page says to its console that nobody should read. */
const complaints: string[] = [];
const shots = process.env.PLANWARDEN_SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'planwarden-screenshots-'));

beforeAll(async () => {
  build();
  mkdirSync(shots, { recursive: true });
  world = await startWorld();
  browser = await chromium.launch({ executablePath: ensureChromium(), args: ['--no-sandbox'], timeout: 120_000 });
});
afterAll(async () => {
  await browser?.close();
  await world?.stop();
  process.stderr.write(`screenshots: ${shots}\n`);
});

async function signedIn(person: string): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 1200, height: 900 } })).newPage();
  page.setDefaultTimeout(120_000);
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${world.url}/sign-in#${await world.at.app.sessions.createLink(person)}`);
  await page
    .getByRole('heading', { level: 1, name: 'Runs' })
    .waitFor()
    .catch(async (error: unknown) => {
      await shot(page, `0-not-signed-in-${person}`);
      throw error;
    });
  expect(page.url()).not.toContain('#');
  return page;
}
const shot = (page: Page, name: string) => page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });

async function tabTo(page: Page, to: Locator): Promise<void> {
  const isThere = () => to.evaluate((one) => one === one.ownerDocument.activeElement);
  for (let presses = 0; presses < 60 && !(await isThere()); presses += 1) await page.keyboard.press('Tab');
  expect(await isThere()).toBe(true);
}

// gate: reject-blocks
test('who asked may reject, and nothing else: by keyboard, told to who listens, and never without a reason', async () => {
  const run = await world.propose({ ...NGINX, name: 'regretted' });
  await world.until(run, waitsForApproval);
  const owner = await signedIn('owner');
  await owner.goto(`${world.url}/runs/${run}`);
  const reject = owner.getByRole('button', { name: 'Reject', exact: true });
  await reject.waitFor();
  for (const name of [/^Approve/, /^Discard/, /[Gg]lass/])
    expect([name, await owner.getByRole('button', { name }).count()]).toEqual([name, 0]);
  await tabTo(owner, reject);
  await owner.keyboard.press('Enter');
  const reason = owner.getByRole('region', { name: 'Approval' }).getByRole('textbox', { name: 'Reason' });
  await owner.getByText('Say why.').waitFor();
  // Focus goes where something is to be written, and the field says what is wrong with it.
  expect(await reason.evaluate((one) => [one === one.ownerDocument.activeElement, one.ariaInvalid])).toEqual([
    true,
    'true',
  ]);
  await owner.keyboard.type('It was a mistake.');
  await tabTo(owner, reject);
  await owner.keyboard.press('Enter');
  await owner.getByRole('status').getByText('Your rejection is recorded.').waitFor();
  await owner.getByText('You have rejected this.').waitFor();
  await shot(owner, '0-rejected-as-owner');
  const { approval } = await world.until(run, ({ approval }) => /rejects/.test(approval?.missing.join() ?? ''));
  expect(approval?.missing).toContain('owner rejects this change; the reject stands until withdrawn');
  await owner.context().close();
  await world.call('cancel_run', { run });
  await world.until(run, hasEnded);
});

test('asked for as owner, whose own vote is refused, and approved as reviewer by keyboard, to applied', async () => {
  const owner = await signedIn('owner');
  await owner.getByRole('link', { name: 'New request' }).first().click();
  await owner.getByRole('button', { name: 'Fill in the example' }).click();
  await owner.getByLabel('Title', { exact: false }).first().fill('Run nginx with three replicas');
  await owner
    .getByLabel('Reason', { exact: false })
    .first()
    .fill('The shop needs a web server. <script>alert(1)</script>');
  await shot(owner, '1-request');
  await owner.getByRole('button', { name: 'Ask for this change' }).click();
  // Live: nobody reloads the page from here.
  await owner.getByText('Awaiting approval').first().waitFor();
  await owner.getByText('You can reject this, but not approve it:', { exact: false }).waitFor();
  expect(await owner.getByRole('button', { name: /^Approve/ }).count()).toBe(0);
  await shot(owner, '2-waiting-as-owner');

  const reviewer = await signedIn('reviewer');
  await reviewer.getByRole('link', { name: /Run nginx with three replicas/ }).click();
  await reviewer.getByRole('heading', { name: 'Plan' }).waitFor();
  await reviewer.getByRole('heading', { name: 'Blast radius' }).waitFor();
  const approve = reviewer.getByRole('button', { name: /^Approve/ });
  await approve.waitFor();
  await shot(reviewer, '3-waiting-as-reviewer');
  await tabTo(reviewer, approve);
  await reviewer.keyboard.press('Enter');
  await reviewer.getByText('3 pods running', { exact: false }).first().waitFor();
  await shot(reviewer, '4-applied');
  await owner.getByText('3 pods running', { exact: false }).first().waitFor();
  expect(complaints).toEqual([]);
});
