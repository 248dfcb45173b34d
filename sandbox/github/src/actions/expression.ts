import { data, Evaluator, Lexer, Parser } from '@actions/expressions';

/** What a workflow writes at one place: a plain value, or an expression that is evaluated when its turn comes. */
export type Written = string | number | boolean | null | { readonly expression: string };
export const isExpression = (value: unknown): value is { readonly expression: string } =>
  typeof value === 'object' && value !== null && 'expression' in value;

/** Contexts by name (`github`, `inputs`, `env`, ...), as plain JSON. */
export type Contexts = Readonly<Record<string, unknown>>;
/** What `success()` and its kin answer. */
export type Status = 'success' | 'failure' | 'cancelled';

const NAMES = ['github', 'inputs', 'env', 'vars', 'secrets', 'needs', 'steps', 'job', 'runner'];
const STATUS = ['success', 'failure', 'always', 'cancelled'];

function evaluate(expression: string, contexts: Contexts, status: Status): data.ExpressionData {
  const answers: Record<string, boolean> = {
    success: status === 'success',
    failure: status === 'failure',
    cancelled: status === 'cancelled',
    always: true,
  };
  const functions = STATUS.map((name) => ({
    ...{ name, minArgs: 0, maxArgs: 0 },
    call: () => new data.BooleanData(answers[name] ?? false),
  }));
  const tree = new Parser(new Lexer(expression).lex().tokens, NAMES, functions).parse();
  const whole = JSON.parse(JSON.stringify(contexts), data.reviver) as data.Dictionary;
  // The evaluator finds functions by lower-case name.
  return new Evaluator(tree, whole, new Map(functions.map((one) => [one.name, one]))).evaluate();
}

/** The text of what is written, expressions evaluated. @throws Error in the words of GitHub's own parser */
export function textOf(written: Written | undefined, contexts: Contexts, status: Status = 'success'): string {
  if (written === undefined || written === null) return '';
  return isExpression(written) ? evaluate(written.expression, contexts, status).coerceString() : String(written);
}

/** Whether a condition holds. One that asks for no status holds only after success, as at GitHub. */
export function holds(written: Written | undefined, contexts: Contexts, status: Status): boolean {
  if (written === undefined || written === null) return status === 'success';
  const text = (isExpression(written) ? written.expression : String(written)).trim().replace(/^\$\{\{(.*)\}\}$/s, '$1');
  const asksStatus = /\b(?:success|failure|always|cancelled)\s*\(\s*\)/i.test(text.replaceAll(/'(?:[^']|'')*'/g, ''));
  const value = evaluate(asksStatus ? text : `success() && (${text})`, contexts, status);
  // Only these are false: an empty dictionary is true, as in GitHub's evaluator.
  const falsy = value.kind === data.Kind.Null || (value.primitive && [0, ''].includes(primitive(value)));
  return !falsy;
}

function primitive(value: data.ExpressionData): string | number {
  return value.kind === data.Kind.String ? value.coerceString() : value.number();
}
