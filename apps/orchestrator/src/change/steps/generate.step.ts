import { done, type Step } from '@planwarden/runs';
import { generateRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { counted } from '../outcomes.js';
import { filesOf, requestOf } from '../run-request.js';

/** Template and parameters become files; an agent's own files are taken as they are. */
export function generateStep(services: ChangeServices): Step {
  return {
    name: 'generate',
    state: 'validating',
    effects: [],
    execute: async ({ run }) => {
      const files = await filesOf(services, requestOf(run), services.config.target(run.target));
      return done(counted(files.length, 'file'), generateRecord.parse({ files }));
    },
  };
}
