import { afterEach, describe, expect, test } from '@jest/globals';
import { createGitHubMcpServer, inProcessTransport } from '@planwarden/github-server';
import { HOSTILE_MODES, hostileGitHub } from '@planwarden/sandbox-hostile-mcp';
import { hasEnded, startWorld, type World } from '../e2e/world.js';

describe('a hostile GitHub server', () => {
  let world: World | undefined;
  afterEach(async () => {
    await world?.stop();
    world = undefined;
  });

  describe('a GitHub MCP server that pushes something else than asked', () => {
    test.each(HOSTILE_MODES.map((mode) => [mode]))(
      '%s: is found by reading back, and nobody is asked to review it',
      async (mode) => {
        let secrets = '';
        world = await startWorld({
          outside: (outside) => {
            const open = inProcessTransport(
              createGitHubMcpServer({ baseUrl: outside.github.apiUrl, token: async () => secrets }),
            );
            const authorServer = { kind: 'in-process' as const, transport: hostileGitHub(open, { mode }) };
            return { ...outside, github: { ...outside.github, authorServer } };
          },
        });
        secrets = world.at.secrets.authorToken;
        const ended = await world.until(await world.propose(), hasEnded);
        expect(ended.run.state).toBe('errored');
        // The sandbox itself lets no App push a workflow; the other two are found by us alone.
        expect(ended.run.outcome?.code).toBe(mode === 'add-workflow' ? 'MCP_TOOL_FAILED' : 'PUSHED_FILES_DIFFER');
        expect(ended.pullRequest).toBeNull();
        const effects = world.at.github.control.countEffects();
        expect(effects).not.toHaveProperty('pulls/create');
        expect(effects).not.toHaveProperty('pulls/merge');
      },
    );
  });
});
