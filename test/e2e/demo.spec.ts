import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { FaultPoints } from '@planwarden/contracts';
import { startWorld, type World } from './world.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

/** Runs the demo on a running installation. */
async function demo(at: World, ...flags: string[]): Promise<{ code: number | null; out: string; last: unknown }> {
  // What `npm start` leaves in the data folder for whoever works beside it.
  const address = {
    url: at.url,
    pid: process.pid,
    sandbox: { github: at.at.github.url, kubernetes: at.at.kubernetes.url },
  };
  writeFileSync(join(at.folder, 'address.json'), JSON.stringify(address));
  const child = spawn(process.execPath, [join(root, 'scripts/demo.mjs'), '--attach', at.folder, ...flags], {
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (out += part.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const line = out.trim().split('\n').at(-1) ?? '';
  const last: unknown = line.startsWith('{') ? JSON.parse(line) : line;
  return { code, out, last };
}

/** Pods of the demo that run. */
const readyPods = (): number =>
  (world?.at.kubernetes.control.list('v1', 'Pod') ?? []).filter((pod) => {
    const { conditions = [] } = (pod.status ?? {}) as { conditions?: { type: string; status: string }[] };
    return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  }).length;

describe('the demo', () => {
  test('tells the whole story and ends with its one line', async () => {
    world = await startWorld();
    const { code, out, last } = await demo(world, '--exit');
    expect(code).toBe(0);
    expect(last).toEqual({
      run: expect.stringMatching(/^run_[0-9a-f]{32}$/),
      state: 'applied',
      steps: 15,
      ms: expect.any(Number),
    });
    expect(out).toContain('privileged-container (critical) environments/staging/nginx/deployment.yaml:15');
    expect(out).toContain('403 AUDIENCE_REFUSED');
    expect(out).toContain('Can not approve your own pull request');
    expect(out).toContain('3 pods running');
    // The second chapter; this installation has no terraform, so it ends with what policy could read.
    expect(out).toContain('public-bucket (critical) stacks/web/logs.tf:9');
    expect(out).toContain('A preview made from the files alone');
    expect(out).toContain('errored: PLAN_UNAVAILABLE');
    expect(out).not.toContain('\u001b[');
  });

  test('says "2 pods" on a cluster that starts two, and does not call it applied', async () => {
    // The time to verify begins when both are ready, however long Argo CD takes on this machine.
    const faults: FaultPoints = {
      at: async (point, detail) => {
        if (point !== 'runs:step:recorded' || detail?.step !== 'merge') return;
        if (world?.at.github.control.countEffects()['pulls/merge'] === undefined) return;
        while (readyPods() < 2) await new Promise((resolve) => setTimeout(resolve, 50));
      },
    };
    world = await startWorld({ faults }, undefined, (yaml) =>
      yaml.replace(
        '    leastAssurance: session',
        '    limits: { verifyTimeoutSeconds: 2 }\n    leastAssurance: session',
      ),
    );
    world.at.kubernetes.control.setRolloutPods(() => 2);
    const { code, out, last } = await demo(world, '--exit');
    expect(code).toBe(1);
    expect(last).toMatchObject({ state: 'verify_failed' });
    expect(out).toContain('2 pods running');
    expect(out).not.toContain('3 pods running');
  });

  test('stops where the approval is withheld: nothing is merged', async () => {
    world = await startWorld();
    const { code, out, last } = await demo(world, '--withhold-approval');
    expect(code).toBe(1);
    expect(last).toMatchObject({ state: 'awaiting_approval' });
    expect(out).not.toContain('merged by');
    expect(world.at.github.control.countEffects()).not.toHaveProperty('pulls/merge');
  });

  test('imports no product code', () => {
    for (const file of readdirSync(join(root, 'demo'))) {
      const text = readFileSync(join(root, 'demo', file), 'utf8');
      expect([file, text.match(/@planwarden\/|\.\.\/(?:libs|apps|servers|sandbox)\//g)]).toEqual([file, null]);
    }
  });
});
