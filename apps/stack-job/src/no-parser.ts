import { PlanwardenError } from '@planwarden/contracts';

/**
 * Stands in the bundle where the parsers of Terraform's language would stand: source is judged by a worker before a job
 * is started, and what a job does needs no parser.
 */
const notHere = (): never => {
  throw new PlanwardenError('NOT_SUPPORTED', 'this program does not read the source of a stack', {
    remedy: 'Use a target without providers that are set up in planwarden.yaml.',
  });
};

export const [formatText, hclToJson] = [notHere, notHere];
export const Language = { load: notHere };
export const Parser = class {
  static readonly init = notHere;
  readonly parse = notHere;
};
