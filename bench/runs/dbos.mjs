// DBOS Transact for TypeScript: a workflow of ten steps, each with its checkpoint.
import { DBOS } from '@dbos-inc/dbos-sdk';

const quiet = { info: () => undefined, debug: () => undefined, warn: () => undefined, error: () => undefined };

export async function dbos({ connectionString, steps }) {
  DBOS.setConfig({
    name: 'bench',
    systemDatabaseUrl: connectionString,
    systemDatabasePoolSize: 20,
    logger: quiet,
  });
  const workflow = DBOS.registerWorkflow(
    async () => {
      for (let step = 1; step <= steps; step += 1) await DBOS.runStep(async () => ({ step }), { name: `step-${step}` });
    },
    { name: 'ten-steps' },
  );
  await DBOS.launch();
  return { runs: 128, one: () => workflow(), close: () => DBOS.shutdown() };
}
