import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import { instant } from '../http-kit.js';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import type { ArtifactRecord } from './action-records.js';

/** Artifacts and logs of jobs: files in a folder of the sandbox. */
export class ArtifactStore {
  constructor(
    private readonly core: SandboxCore,
    private readonly folder: string,
  ) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Keeps files as one zip. @throws Error when the run has an artifact of that name already, as at GitHub */
  async keep(
    repo: RepositoryContext,
    runId: number,
    name: string,
    files: Readonly<Record<string, Uint8Array>>,
    days: number,
  ): Promise<void> {
    await this.core.exclusively(async () => {
      const { artifacts } = repo.state.actions;
      if (artifacts.some((one) => one.runId === runId && one.name === name))
        throw new Error('Conflict: an artifact with this name already exists on the workflow run');
      const now = this.core.now();
      const record: ArtifactRecord = {
        id: this.core.store.nextId(),
        runId,
        name,
        ...{ size: 0, digest: '' },
        createdAt: instant(now),
        expiresAt: instant(new Date(now.getTime() + days * 86_400_000)),
      };
      this.write(record, files);
      artifacts.push(record);
      await this.core.store.save();
    });
  }

  /** Puts other files in the place of those of an artifact. @returns the old ones */
  swap(artifact: ArtifactRecord, files: Readonly<Record<string, Uint8Array>>): Record<string, Uint8Array> {
    const before = this.open(artifact);
    this.write(artifact, files);
    return before;
  }

  isExpired({ expiresAt }: ArtifactRecord): boolean {
    return new Date(expiresAt) <= this.core.now();
  }

  /** The files of an artifact. */
  open(artifact: ArtifactRecord): Record<string, Uint8Array> {
    return unzipSync(readFileSync(this.path(artifact.id, 'zip')));
  }

  keepLog(jobId: number, text: string): void {
    writeFileSync(this.path(jobId, 'log'), text, { mode: 0o600 });
  }

  /** Content of a file by its name here. */
  file(name: string): Uint8Array {
    return readFileSync(join(this.folder, name));
  }

  private write(artifact: ArtifactRecord, files: Readonly<Record<string, Uint8Array>>): void {
    const zip = zipSync({ ...files }, { level: 0 });
    writeFileSync(this.path(artifact.id, 'zip'), zip, { mode: 0o600 });
    artifact.size = zip.length;
    artifact.digest = `sha256:${createHash('sha256').update(zip).digest('hex')}`;
  }

  private path(id: number, kind: 'zip' | 'log'): string {
    return join(this.folder, `${id}.${kind}`);
  }
}
