import { PlanwardenError } from '@planwarden/contracts';
import type { Request } from 'express';
import type { App } from '../app.js';
import { bearerOf } from '../identity/agent-token.js';
import { sameSecret } from '../identity/session.store.js';

/**
 * Lets the operator in, whose token lies in the data folder: whoever reads that folder owns the installation anyway.
 * @param command of the CLI that does the same
 * @throws PlanwardenError TOKEN_INVALID
 */
export function assertOperator(app: Pick<App, 'operatorToken'>, request: Request, command: string): void {
  const given = bearerOf(request.headers.authorization);
  if (given !== undefined && sameSecret(given, app.operatorToken)) return;
  throw new PlanwardenError('TOKEN_INVALID', 'this route takes the operator token of the data folder', {
    where: { field: 'Authorization' },
    remedy: `Run on the same machine: npm exec -- planwarden ${command}`,
  });
}
