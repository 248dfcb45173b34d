import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { startWorld, type World } from '../e2e/world.js';

const load = async <T>(path: string): Promise<T> => (await import(path)) as T;
const { build } = await load<{ build(): void }>('../../scripts/lib/build.mjs');
const { ensureChromium } = await load<{ ensureChromium(): string }>('../../scripts/peers/chromium.mjs');
const { ensureOpenTofu } = await load<{ ensureOpenTofu(): string }>('../../scripts/peers/terraform.mjs');

let world: World;
let browser: Browser;
let bin = '';
const complaints: string[] = [];
const shots = process.env.PLANWARDEN_SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'planwarden-screenshots-'));

beforeAll(async () => {
  build();
  mkdirSync(shots, { recursive: true });
  bin = mkdtempSync(join(tmpdir(), 'planwarden-bin-'));
  symlinkSync(ensureOpenTofu(), join(bin, 'tofu'));
  const stack = `  - name: web
    environment: staging
    repository: platform/infrastructure
    path: stacks/web
    kind: terraform
    stack: web
    terraform: { binary: tofu }

people:`;
  world = await startWorld({}, undefined, (yaml) => yaml.replace('people:', stack), { PATH: bin });
  browser = await chromium.launch({ executablePath: ensureChromium(), args: ['--no-sandbox'], timeout: 120_000 });
}, 1_200_000);
afterAll(async () => {
  await browser?.close();
  await world?.stop();
  rmSync(bin, { recursive: true, force: true });
  process.stderr.write(`screenshots: ${shots}\n`);
});

async function signedIn(person: string): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 1200, height: 900 } })).newPage();
  page.setDefaultTimeout(120_000);
  page.on('console', (message) => {
    // A refusal is an answer; the browser calls it an error of its own.
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) {
      complaints.push(message.text());
    }
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${world.url}/sign-in#${await world.at.app.sessions.createLink(person)}`);
  await page.getByRole('heading', { level: 1, name: 'Runs' }).waitFor();
  return page;
}
const shot = (page: Page, name: string) => page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });

test('a stack is changed from its form, by template and by own files; the plan is read and the lock seen', async () => {
  const owner = await signedIn('owner');
  await owner.getByRole('link', { name: 'New request' }).first().click();
  await owner.getByLabel('Target', { exact: true }).selectOption('web');
  const templates = await owner.getByLabel('Template', { exact: true }).locator('option').allTextContents();
  expect(templates).toContain('My own files');
  expect(templates.join()).not.toContain('eb application');
  await owner.getByLabel('Template', { exact: true }).selectOption('terraform-data');
  await owner.getByRole('button', { name: 'Fill in the example' }).click();
  await owner.getByLabel('Title', { exact: false }).first().fill('Keep a value');
  await shot(owner, 'terraform-1-template');
  await owner.getByRole('button', { name: 'Ask for this change' }).click();
  await owner.getByText('Awaiting approval').first().waitFor();
  await owner.getByText('1 to create', { exact: true }).waitFor();
  await shot(owner, 'terraform-2-plan');

  const second = await signedIn('owner');
  await second.getByRole('link', { name: 'New request' }).first().click();
  await second.getByLabel('Target', { exact: true }).selectOption('web');
  await second.getByLabel('Template', { exact: true }).selectOption({ label: 'My own files' });
  await second.getByLabel('Title', { exact: false }).first().fill('Many values');
  const paths = second.getByLabel('Path', { exact: false });
  if ((await paths.count()) === 0) await second.getByRole('button', { name: /add/i }).first().click();
  await paths.first().fill('many.tf');
  const content = second.getByLabel('Content', { exact: false }).first();
  await content.fill('resource "terraform_data" "broken" {');
  await second.getByRole('button', { name: 'Ask for this change' }).click();
  await second.getByText('stacks/web/many.tf:1', { exact: false }).first().waitFor();
  await shot(second, 'terraform-3-own-files-refused');
  await content.fill(
    Array.from({ length: 20 }, (_, index) => `resource "terraform_data" "v${index}" {\n  input = ${index}\n}\n`).join(
      '\n',
    ),
  );
  await second.getByRole('button', { name: 'Ask for this change' }).click();
  await second.getByRole('heading', { name: 'Lock' }).waitFor();
  await second.getByText('waits since', { exact: false }).first().waitFor();
  await shot(second, 'terraform-4-waits-for-the-lock');
  // That somebody began to wait is no news of the run that holds the lock.
  await owner.reload();
  await owner.getByText('waits since', { exact: false }).first().waitFor();

  await owner.getByText('Cancel this run…').click();
  await owner.getByRole('button', { name: 'Cancel the run' }).click();
  await second.getByText('20 to create', { exact: true }).waitFor();
  await second.getByText('8 more resources', { exact: true }).waitFor();
  await shot(second, 'terraform-5-long-plan');
  expect(complaints).toEqual([]);
}, 600_000);
