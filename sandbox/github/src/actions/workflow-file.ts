import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { JSONObjectReader } from '@actions/workflow-parser/templates/json-object-reader';
import { TemplateSchema } from '@actions/workflow-parser/templates/schema/index';
import { TemplateContext, TemplateValidationErrors } from '@actions/workflow-parser/templates/template-context';
import { readTemplate } from '@actions/workflow-parser/templates/template-reader';
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/index';
import {
  isBasicExpression,
  isBoolean,
  isMapping,
  isNumber,
  isSequence,
  isString,
} from '@actions/workflow-parser/templates/tokens/type-guards';
import { NoOperationTraceWriter } from '@actions/workflow-parser/templates/trace-writer';
import { WORKFLOW_ROOT } from '@actions/workflow-parser/workflows/workflow-constants';
import { YamlObjectReader } from '@actions/workflow-parser/workflows/yaml-object-reader';
import type { Written } from './expression.js';

/** YAML as written, expressions kept apart. */
export type Node = Written | readonly Node[] | { readonly [key: string]: Node };
type Fields = { readonly [key: string]: Node };

export interface WorkflowInput {
  readonly type: string;
  readonly required: boolean;
  readonly fallback: string;
  readonly options: readonly string[];
}
export interface WorkflowStep {
  readonly id: string | undefined;
  readonly name: Written | undefined;
  readonly condition: Written | undefined;
  readonly uses: string | undefined;
  readonly run: Written | undefined;
  readonly with: Readonly<Record<string, Written>>;
  readonly env: Readonly<Record<string, Written>>;
  readonly folder: Written | undefined;
}
export interface WorkflowJob {
  readonly id: string;
  readonly name: Written | undefined;
  readonly needs: readonly string[];
  readonly condition: Written | undefined;
  readonly runsOn: string;
  readonly environment: Written | undefined;
  readonly permissions: Readonly<Record<string, string>> | undefined;
  readonly env: Readonly<Record<string, Written>>;
  readonly outputs: Readonly<Record<string, Written>>;
  readonly minutes: number;
  readonly steps: readonly WorkflowStep[];
  /** Keys that the sandbox does not know, by their way through the file: such a job ends "not supported". */
  readonly unsupported: readonly string[];
}
export interface Concurrency {
  readonly group: Written;
  readonly cancels: boolean;
}
export interface Workflow {
  readonly path: string;
  readonly name: string;
  readonly runName: Written | undefined;
  /** Undefined where the file cannot be dispatched. */
  readonly inputs: Readonly<Record<string, WorkflowInput>> | undefined;
  readonly permissions: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, Written>>;
  readonly concurrency: Concurrency | undefined;
  readonly jobs: readonly WorkflowJob[];
}

const KNOWN = {
  root: ['name', 'run-name', 'on', 'permissions', 'env', 'concurrency', 'jobs'],
  job: [
    ...['name', 'needs', 'if', 'runs-on', 'environment', 'permissions', 'env', 'outputs'],
    ...['timeout-minutes', 'steps'],
  ],
  step: ['id', 'name', 'if', 'uses', 'with', 'run', 'shell', 'env', 'working-directory'],
};

/**
 * Reads a workflow file by GitHub's own schema.
 * @throws Error in GitHub's words where the file is no workflow
 */
export function readWorkflow(path: string, content: string): Workflow {
  const context = new TemplateContext(new TemplateValidationErrors(), schema(), new NoOperationTraceWriter());
  const file = context.getFileId(path);
  const reader = new YamlObjectReader(file, content);
  for (const error of reader.errors) context.error(file, error.message, error.range);
  const token = reader.errors.length > 0 ? undefined : readTemplate(context, WORKFLOW_ROOT, reader, file);
  const [wrong] = context.errors.getErrors();
  if (wrong || token === undefined) throw new Error(wrong?.message ?? `${path} is empty`);
  const root = fields(nodeOf(token));
  const odd = unknown('', root, KNOWN.root);
  return {
    path,
    name: typeof root.name === 'string' ? root.name : path,
    runName: root['run-name'] as Written | undefined,
    inputs: inputsOf(root.on ?? null),
    permissions: permissionsOf(root.permissions) ?? { contents: 'read', metadata: 'read' },
    env: fields(root.env) as Record<string, Written>,
    concurrency: concurrencyOf(root.concurrency),
    jobs: Object.entries(fields(root.jobs)).map(([id, job]) => jobOf(id, fields(job), odd)),
  };
}

function jobOf(id: string, job: Fields, odd: readonly string[]): WorkflowJob {
  const steps = Array.isArray(job.steps) ? (job.steps as readonly Node[]).map(fields) : [];
  const needs = Array.isArray(job.needs) ? job.needs.map(String) : job.needs === undefined ? [] : [String(job.needs)];
  const environment = job.environment;
  const shells = steps.flatMap(({ shell }, at) =>
    shell === undefined || shell === 'bash' ? [] : [`jobs.${id}.steps[${at}].shell ${JSON.stringify(shell)}`],
  );
  return {
    id,
    name: job.name as Written | undefined,
    needs,
    condition: job.if as Written | undefined,
    runsOn: typeof job['runs-on'] === 'string' ? job['runs-on'] : '',
    environment: (isFields(environment) ? fields(environment).name : environment) as Written | undefined,
    permissions: permissionsOf(job.permissions),
    env: fields(job.env) as Record<string, Written>,
    outputs: fields(job.outputs) as Record<string, Written>,
    minutes: typeof job['timeout-minutes'] === 'number' ? job['timeout-minutes'] : 360,
    steps: steps.map(stepOf),
    unsupported: [
      ...odd,
      ...unknown(`jobs.${id}`, job, KNOWN.job),
      ...steps.flatMap((step, at) => unknown(`jobs.${id}.steps[${at}]`, step, KNOWN.step)),
      ...shells,
      ...(typeof job['runs-on'] === 'string' && job['runs-on'].startsWith('ubuntu-') ? [] : [`jobs.${id}.runs-on`]),
    ],
  };
}

const stepOf = (step: Fields): WorkflowStep => ({
  id: typeof step.id === 'string' ? step.id : undefined,
  name: step.name as Written | undefined,
  condition: step.if as Written | undefined,
  uses: typeof step.uses === 'string' ? step.uses : undefined,
  run: step.run as Written | undefined,
  with: fields(step.with) as Record<string, Written>,
  env: fields(step.env) as Record<string, Written>,
  folder: step['working-directory'] as Written | undefined,
});

function inputsOf(on: Node): Record<string, WorkflowInput> | undefined {
  const named = typeof on === 'string' ? [on] : Array.isArray(on) ? on : Object.keys(fields(on));
  if (!named.includes('workflow_dispatch')) return undefined;
  const dispatch = fields(fields(on).workflow_dispatch);
  return Object.fromEntries(
    Object.entries(fields(dispatch.inputs)).map(([name, written]) => {
      const input = fields(written);
      const options = Array.isArray(input.options) ? input.options.map(String) : [];
      const fallback = input.default === undefined ? '' : String(input.default);
      return [name, { type: String(input.type ?? 'string'), required: input.required === true, fallback, options }];
    }),
  );
}

function concurrencyOf(node: Node | undefined): Concurrency | undefined {
  if (node === undefined || node === null) return undefined;
  if (!isFields(node)) return { group: node as Written, cancels: false };
  const { group, 'cancel-in-progress': cancels } = fields(node);
  return { group: (group ?? '') as Written, cancels: cancels === true };
}

function permissionsOf(node: Node | undefined): Record<string, string> | undefined {
  if (node === undefined || node === null) return undefined;
  if (!isFields(node)) return {};
  return {
    metadata: 'read',
    ...Object.fromEntries(Object.entries(node).map(([name, level]) => [name, String(level)])),
  };
}

const unknown = (at: string, node: Fields, known: readonly string[]): string[] =>
  Object.keys(node).flatMap((key) => (known.includes(key) ? [] : [at === '' ? key : `${at}.${key}`]));

const isFields = (node: Node | undefined): boolean =>
  typeof node === 'object' && node !== null && !Array.isArray(node) && !('expression' in node);
const fields = (node: Node | undefined): Fields => (isFields(node) ? (node as Fields) : {});

function nodeOf(token: TemplateToken): Node {
  if (isMapping(token)) {
    return Object.fromEntries([...token].map(({ key, value }) => [key.toString(), nodeOf(value)]));
  }
  if (isSequence(token)) return [...token].map(nodeOf);
  if (isBasicExpression(token)) return { expression: token.expression };
  if (isString(token) || isNumber(token) || isBoolean(token)) return token.value;
  return null;
}

let loaded: TemplateSchema | undefined;
/** GitHub's schema of workflow files. Read by hand: the package imports it in a way that Node itself cannot. */
function schema(): TemplateSchema {
  if (loaded) return loaded;
  const places = createRequire(import.meta.url).resolve.paths('@actions/workflow-parser') ?? [];
  const files = places.map((place) => join(place, '@actions/workflow-parser/dist/workflow-v1.0.min.json'));
  const file = files.find((candidate) => existsSync(candidate));
  if (file === undefined) throw new Error('@actions/workflow-parser is not installed');
  loaded = TemplateSchema.load(new JSONObjectReader(undefined, readFileSync(file, 'utf8')));
  return loaded;
}
