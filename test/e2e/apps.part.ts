import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { APP_PERMISSIONS } from '@planwarden/source-control';
import { hasEnded, NGINX, type RunSeen, startWorld, type World, waitsForApproval } from './world.js';

describe('the two Apps', () => {
  type AppName = keyof typeof APP_PERMISSIONS;
  const SLUG: Record<AppName, string> = { author: 'planwarden-author', release: 'planwarden-release' };
  /**
   * `actions` is needed only where a target plans or applies there: `workflows.spec.ts` takes it away. `metadata` GitHub gives to
   * every App; it cannot be taken away.
   */
  const EXEMPT = ['actions', 'metadata'];

  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  let made = 0;
  async function road(): Promise<RunSeen> {
    made += 1;
    const run = await world.propose({ ...NGINX, name: `app-${made}` });
    const waiting = await world.until(run, waitsForApproval);
    if (waiting.run.ended) return waiting;
    const { number = 0, evidenceSha } = waiting.pullRequest ?? {};
    await world.review('ravi-reviewer', number, 'APPROVE', evidenceSha ?? '');
    return world.until(run, hasEnded);
  }

  test.each(['author', 'release'] as const)('the manifest of the %s App asks for what the table says', (name) => {
    const file = join(import.meta.dirname, '..', '..', 'deploy', 'github', 'apps', `${name}.json`);
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as { public: boolean; default_permissions: unknown };
    expect(manifest.default_permissions).toEqual(APP_PERMISSIONS[name]);
    expect(manifest.public).toBe(false);
  });

  test('with exactly these permissions the road leads to applied, and it needs every one of them', async () => {
    expect((await road()).run.state).toBe('applied');
    for (const name of ['author', 'release'] as const) {
      const used = world.at.github.control.permissionsUsed(SLUG[name]);
      const held = Object.entries(APP_PERMISSIONS[name]).filter(([permission]) => !EXEMPT.includes(permission));
      expect(held.map(([permission, level]) => `${permission}:${level}`).filter((one) => !used.includes(one))).toEqual(
        [],
      );
    }
  });

  const rows = (Object.keys(APP_PERMISSIONS) as AppName[]).flatMap((app) =>
    Object.keys(APP_PERMISSIONS[app])
      .filter((name) => !EXEMPT.includes(name))
      .map((name) => [app, name] as const),
  );
  test.each(rows)('the %s App without %s: nothing is applied', async (app, name) => {
    const { control } = world.at.github;
    const all: Record<string, 'read' | 'write'> = { ...APP_PERMISSIONS[app] };
    const { [name]: _, ...fewer } = all;
    control.grant(SLUG[app], fewer);
    try {
      const ended = await road();
      expect(ended.run.state).not.toBe('applied');
      expect(ended.run.outcome?.code).toMatch(/^(OUTSIDE_REFUSED|MCP_TOOL_FAILED)$/);
    } finally {
      control.grant(SLUG[app], all);
    }
  });
});
