// npm run compose:init: writes what docker-compose.yml reads and nobody else has: secrets, planwarden.yaml, .env.
// Nothing has a default and nothing is written over. `-- --to <folder>` writes below another folder (for tests).
import { createHash, randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureNode, root } from './lib/ensure.mjs';

ensureNode();
const { values } = parseArgs({ options: { to: { type: 'string' } } });
const to = resolve(values.to ?? root);
const folder = join(to, 'compose');
for (const path of [folder, join(to, '.env')]) {
  if (!existsSync(path)) continue;
  process.stderr.write(
    `CONFIG_INVALID: ${path} is there already and is not written over. Remove it (and with it the installation) to begin anew.\n`,
  );
  process.exit(1);
}

// Containers run as the user who owns these files; as root they get a number that nobody has.
const isRoot = process.getuid?.() === 0;
const uid = isRoot ? 10_001 : (process.getuid?.() ?? 1000);
const gid = isRoot ? 10_001 : (process.getgid?.() ?? 1000);
const owned = (path) => {
  if (isRoot) chownSync(path, uid, gid);
  return path;
};
const make = (...parts) => {
  const path = join(folder, ...parts);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return owned(path);
};
const write = (path, text) => {
  writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
  owned(path);
};
const random = () => randomBytes(32).toString('base64url');

make();
make('data');
for (const name of ['postgres', 'neo4j', 'sandbox', 'connection', 'planwarden']) make('data', name);
const secrets = make('secrets');
const [postgres, redis, neo4j, agentToken] = [random(), random(), random(), `pwa_${random()}`];
write(join(secrets, 'postgres-password'), `${postgres}\n`);
write(join(secrets, 'redis-password'), `${redis}\n`);
write(join(secrets, 'neo4j-password'), `${neo4j}\n`);
write(join(secrets, 'neo4j-auth'), `neo4j/${neo4j}\n`);
// It keeps nothing that Postgres does not know: no snapshot, and nothing is thrown out to make room.
write(
  join(secrets, 'valkey.conf'),
  `bind 0.0.0.0\nport 6379\nrequirepass ${redis}\nsave ""\nappendonly no\nmaxmemory-policy noeviction\ndir /tmp\n`,
);
write(join(secrets, 'operator-token'), `pwo_${random()}\n`);
write(join(secrets, 'plan-key'), `${randomBytes(32).toString('hex')}\n`);
write(join(secrets, 'agent-assistant.token'), `${agentToken}\n`);
const digest = `sha256:${createHash('sha256').update(agentToken).digest('hex')}`;
const config = readFileSync(join(root, 'deploy/compose/planwarden.yaml'), 'utf8');
write(join(make('config'), 'planwarden.yaml'), config.replace('AGENT_TOKEN_DIGEST', digest));
writeFileSync(join(to, '.env'), `PLANWARDEN_UID=${uid}\nPLANWARDEN_GID=${gid}\n`, { mode: 0o600, flag: 'wx' });
process.stdout.write(`Written: ${folder} and ${join(to, '.env')}

  docker compose up --build --detach
  docker compose exec orchestrator node apps/cli/bin/planwarden.mjs sign-in owner --data /var/lib/planwarden

The agent's token is in ${join(secrets, 'agent-assistant.token')}; no container reads it.
`);
