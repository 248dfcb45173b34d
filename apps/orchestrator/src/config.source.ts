import { readFileSync, statSync } from 'node:fs';
import { type Agent, type Person, PlanwardenError, type Target } from '@planwarden/contracts';
import { type InstallationConfig, parseConfig } from './config.file.js';

/**
 * planwarden.yaml as it stands now. People, roles and targets are read again at every confirm and before every
 * released effect, so an operator's change counts at once and a broken file stops the gate.
 */
export class ConfigSource {
  #stamp = '';
  #current: InstallationConfig | undefined;

  constructor(private readonly file: string) {}

  /** @throws PlanwardenError CONFIG_INVALID with file and line */
  current(): InstallationConfig {
    const { mtimeMs, size, ino } = statSync(this.file);
    const stamp = `${mtimeMs}:${size}:${ino}`;
    if (this.#current === undefined || stamp !== this.#stamp) {
      this.#current = parseConfig(readFileSync(this.file, 'utf8'), this.file);
      this.#stamp = stamp;
    }
    return this.#current;
  }

  /** @throws PlanwardenError TARGET_UNKNOWN */
  target(name: string): Target {
    const { targets } = this.current();
    const found = targets.find((target) => target.name === name);
    if (found) return found;
    throw new PlanwardenError('TARGET_UNKNOWN', 'there is no target with this name', {
      where: { field: 'target' },
      remedy: `Name one of: ${targets.map((target) => target.name).join(', ')}.`,
    });
  }

  /** @throws PlanwardenError READ_ONLY while the operator holds the installation still */
  assertWritable(): void {
    if (!this.current().readOnly) return;
    throw new PlanwardenError('READ_ONLY', 'this installation is read-only now: nothing is asked for or decided', {
      remedy: 'Ask the operator; in planwarden.yaml it is readOnly.',
      // What was under way goes on when it is over.
      failure: 'retryable',
    });
  }

  people(): readonly Person[] {
    return this.current().people;
  }

  person(id: string): Person | undefined {
    return this.people().find((person) => person.id === id);
  }

  agents(): readonly (Agent & { readonly tokenDigest: string })[] {
    return this.current().agents;
  }
}
