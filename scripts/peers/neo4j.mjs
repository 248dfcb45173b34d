// The Community server of Neo4j: one Maven dependency and its own main class, started by the tests as a process.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { peerCache } from './go-build.mjs';

export const NEO4J_VERSION = '5.26.30';

/**
 * Folder of the server's jars (about 125 MB); fetched when they are not there yet, checksums enforced.
 * @throws Error in one line when Java or Maven is missing or the jars cannot be had
 */
export function ensureNeo4j() {
  const pom = fileURLToPath(new URL('./neo4j/pom.xml', import.meta.url));
  const digest = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12);
  const folder = peerCache('neo4j', `${NEO4J_VERSION}-${digest}`);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  process.stderr.write(`Fetching Neo4j ${NEO4J_VERSION} (mvn, half a minute, once) ...\n`);
  const unfinished = `${folder}.${process.pid}`;
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${unfinished}`];
  const result = spawnSync('mvn', ['-B', '-q', '-C', '-f', pom, ...goal], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (result.error) {
    throw new Error(`neo4j cannot be had: mvn could not be started (${result.error.code}). Install Java 17 and Maven.`);
  }
  if (result.status !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new Error(`neo4j cannot be had: mvn ended with ${result.status}.`);
  }
  renameSync(unfinished, folder);
  return folder;
}

const MEMORY = ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** Arguments for `java` before the main class. */
export function neo4jJava(jars) {
  const opens = ['java.base/java.nio', 'java.base/java.io', 'java.base/sun.nio.ch'];
  return [...MEMORY, ...opens.map((name) => `--add-opens=${name}=ALL-UNNAMED`), '-cp', join(jars, '*')];
}
