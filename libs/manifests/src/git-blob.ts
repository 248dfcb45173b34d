import { createHash } from 'node:crypto';

/** Git's id of a file's content (SHA-1 over its header and bytes), 40 hex digits. */
export function gitBlobSha(content: string): string {
  const bytes = Buffer.from(content);
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
