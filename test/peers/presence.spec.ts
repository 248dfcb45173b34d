import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { verifyPresence, voteChallenge } from '@planwarden/approvals';
import type { RunDetail } from '@planwarden/contracts';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { startWorld, type World, waitsForApproval } from '../e2e/world.js';

const load = async <T>(path: string): Promise<T> => (await import(path)) as T;
const { build } = await load<{ build(): void }>('../../scripts/lib/build.mjs');
const { ensureChromium } = await load<{ ensureChromium(): string }>('../../scripts/peers/chromium.mjs');

let world: World;
let browser: Browser;
const complaints: string[] = [];
const shots = process.env.PLANWARDEN_SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'planwarden-screenshots-'));

beforeAll(async () => {
  build();
  mkdirSync(shots, { recursive: true });
  world = await startWorld({}, undefined, (yaml) => yaml.replace('quorum: 1', 'quorum: 1\n    presenceVotes: 1'));
  browser = await chromium.launch({ executablePath: ensureChromium(), args: ['--no-sandbox'], timeout: 120_000 });
});
afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

/** A person's window, with an authenticator of Chromium's own that says yes for them. */
async function windowOf(person: string): Promise<{ page: Page; context: BrowserContext }> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  // At the address: the person is sent on to the name, where their passkey works.
  await page.goto(`${world.url}/sign-in#${await world.at.app.sessions.createLink(person)}`);
  await page.getByRole('heading', { level: 1, name: 'Runs' }).waitFor();
  expect(new URL(page.url()).hostname).toBe('localhost');
  return { page, context };
}
const shot = (page: Page, name: string) => page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });

test('a passkey enrolled at the first sign-in approves by being used; a freeze holds it until it is lifted', async () => {
  const { page } = await windowOf('reviewer');
  await page.getByRole('link', { name: 'Passkeys' }).click();
  await page.getByRole('button', { name: 'Enrol a passkey' }).click();
  await page.getByText('enrolled at your first sign-in', { exact: false }).waitFor();
  await shot(page, 'presence-1-enrolled');

  await page.getByRole('link', { name: 'Freezes' }).first().click();
  await page.getByLabel('Reason').fill('The shop has a sale.');
  await page.getByRole('button', { name: 'Freeze applies' }).click();
  const banner = page.getByRole('region', { name: 'Freezes and broken glass' });
  await banner.getByText('The shop has a sale', { exact: false }).waitFor();
  await shot(page, 'presence-2-frozen');

  const run = await world.propose();
  await world.until(run, waitsForApproval);
  await page.getByRole('link', { name: 'Runs' }).click();
  await page.getByRole('link', { name: 'Run nginx' }).click();
  await page.getByText('Held whatever the votes', { exact: false }).waitFor();
  await page.getByRole('button', { name: /^Approve \w{12} with your passkey$/ }).click();
  await page.getByText('with a passkey', { exact: false }).first().waitFor();
  await world.until(run, ({ run: seen }) => seen.wait?.reason === 'freeze');
  await shot(page, 'presence-3-held');

  await page.getByRole('link', { name: 'Freezes' }).first().click();
  await page.getByLabel('Why it may be lifted').fill('The sale is over.');
  await page.getByRole('button', { name: /^Lift the freeze/ }).click();
  expect((await world.until(run, ({ run: seen }) => seen.ended)).run.state).toBe('applied');

  // What Chromium signed verifies from the record alone.
  const rest = await world.signIn('owner');
  const detail = (await rest('GET', `/api/v1/runs/${run}`)).body as unknown as RunDetail;
  const [vote] = detail.approval?.tally.approvals ?? [];
  if (!vote?.presence) throw new Error('the vote kept no assertion');
  expect(vote).toMatchObject({ person: 'reviewer', assurance: 'presence' });
  await expect(verifyPresence(vote.presence, voteChallenge(vote.subjectDigest))).resolves.toBeDefined();
  expect(complaints).toEqual([]);
});
