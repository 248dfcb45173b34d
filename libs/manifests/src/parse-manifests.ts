import {
  type ErrorBody,
  type ErrorCode,
  type GeneratedFile,
  type ObjectRef,
  type ParsedObject,
  PlanwardenError,
} from '@planwarden/contracts';
import { type Document, isCollection, isMap, isPair, isScalar, LineCounter, parseAllDocuments } from 'yaml';
import { oddText } from './odd-text.js';
import { oddNode } from './odd-yaml.js';

type Problem = NonNullable<ErrorBody['details']>[number];
type Json = Record<string, unknown>;
const record = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};

/** Key by which an object is one object, whatever version it is written in. */
export const objectKey = (ref: Pick<ObjectRef, 'group' | 'kind' | 'namespace' | 'name'>): string =>
  [ref.group, ref.kind, ref.namespace ?? '', ref.name].join('|');

/**
 * Reads every object of the files; files that are to be deleted have none.
 * @throws PlanwardenError MANIFEST_INVALID or MANIFEST_KIND_REFUSED with file and line of every problem
 */
export function parseManifests(files: readonly GeneratedFile[]): ParsedObject[] {
  const objects: ParsedObject[] = [];
  const problems: Problem[] = [];
  for (const file of files) {
    if (file.content === null) continue;
    const tooMany = tooManyDocuments(file.path, file.content);
    if (tooMany) {
      problems.push(tooMany);
      continue;
    }
    const odd = oddText(file.content);
    if (odd) {
      problems.push(problemAt(file.path, placeIn(file.content, odd.offset), odd.message));
      continue;
    }
    const lines = new LineCounter();
    // Doubled keys are found by oddNode.
    const documents = parseAllDocuments(file.content, { lineCounter: lines, uniqueKeys: false, prettyErrors: false });
    if (!Array.isArray(documents)) continue;
    for (const document of documents) readDocument(document, file, lines, objects, problems);
  }
  problems.push(...doubles(objects));
  const first = problems[0];
  if (first === undefined) return objects;
  throw new PlanwardenError(first.code as ErrorCode, first.message, {
    ...(first.where ? { where: first.where } : {}),
    remedy: 'Mend the file at the line named and send it again.',
    details: problems,
  });
}

function readDocument(
  document: Document.Parsed | Document,
  file: GeneratedFile,
  lines: LineCounter,
  objects: ParsedObject[],
  problems: Problem[],
): void {
  const problem = (offset: number, message: string, code?: ErrorCode): void => {
    const { line, col } = lines.linePos(offset);
    problems.push(problemAt(file.path, { line, column: col }, message, code));
  };
  // An unknown tag is only a warning to the parser; to us it is something that is not understood.
  const broken = document.errors[0] ?? document.warnings[0];
  if (broken) {
    problem(broken.pos[0], 'this is not readable as YAML');
    return;
  }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) return; // an empty document, such as after a trailing ---
  const start = document.contents.range?.[0] ?? 0;
  const odd = oddNode(document, file.content ?? '');
  if (odd) {
    problem(odd.offset, odd.message);
    return;
  }
  if (!isMap(document.contents)) {
    problem(start, 'an object was expected here');
    return;
  }
  const object = record(document.toJS({ maxAliasCount: 0 }));
  const missing = whatIsMissing(object) ?? whatIsNoName(object);
  if (missing) {
    problem(start, missing);
    return;
  }
  const metadata = record(object.metadata);
  if (object.kind === 'List' || (/List$/.test(String(object.kind)) && Array.isArray(object.items))) {
    problem(start, 'lists are refused: write each object as a document of its own', 'MANIFEST_KIND_REFUSED');
    return;
  }
  if (String(object.apiVersion).startsWith('kustomize.config.k8s.io/')) {
    problem(start, 'Kustomize is not supported yet: send the plain manifests it would make', 'NOT_SUPPORTED');
    return;
  }
  const [version = '', group = ''] = String(object.apiVersion).split('/').reverse();
  const ref = {
    group,
    version,
    kind: String(object.kind),
    namespace: typeof metadata.namespace === 'string' ? metadata.namespace : null,
    name: String(metadata.name),
  };
  objects.push({
    ref,
    file: file.path,
    line: lines.linePos(start).line,
    object,
    lines: linesOf(document, lines),
    provenance: file.provenance,
  });
}

interface Place {
  readonly line: number;
  readonly column: number;
}

function problemAt(file: string, place: Place, message: string, code: ErrorCode = 'MANIFEST_INVALID'): Problem {
  return { code, message: `${file}:${place.line}: ${message}`, where: { file, ...place } };
}

function placeIn(content: string, offset: number): Place {
  const before = content.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function whatIsMissing(object: Json): string | undefined {
  const metadata = record(object.metadata);
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
  if (!isText(object.apiVersion)) return 'apiVersion is missing';
  if (!/^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?v[a-z0-9]+$/.test(String(object.apiVersion)))
    return 'apiVersion is not one';
  if (!isText(object.kind)) return 'kind is missing';
  if (metadata.generateName !== undefined) return 'metadata.generateName is refused: an object needs a name of its own';
  if (!isText(metadata.name)) return 'metadata.name is missing';
  if (metadata.namespace !== undefined && !isText(metadata.namespace)) return 'metadata.namespace is not a text';
  return undefined;
}

/** Names as the API server takes them. They end in URLs and in the plan that people read, so nothing else may pass. */
const KIND = /^[A-Z][A-Za-z0-9]{0,62}$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,252}$/;
const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function whatIsNoName(object: Json): string | undefined {
  const { name, namespace } = record(object.metadata);
  if (!KIND.test(String(object.kind))) return 'kind is not the name of a kind';
  if (!NAME.test(String(name))) return 'metadata.name is not a name Kubernetes accepts';
  if (namespace !== undefined && !NAMESPACE.test(String(namespace)))
    return 'metadata.namespace is not a namespace name';
  return undefined;
}

const MOST_DOCUMENTS = 500;

/** Counted before parsing: thousands of empty documents are small to send and dear to read. */
function tooManyDocuments(path: string, content: string): Problem | undefined {
  let line = 0;
  let documents = 0;
  for (const text of content.split('\n')) {
    line += 1;
    if (text.startsWith('---')) documents += 1;
    if (documents <= MOST_DOCUMENTS) continue;
    const message = `more than ${MOST_DOCUMENTS} documents; spread them over several files`;
    return problemAt(path, { line, column: 1 }, message);
  }
  return undefined;
}

/** JSON pointer of every value -> its line. */
function linesOf(document: Document, lines: LineCounter): Record<string, number> {
  const found: Record<string, number> = {};
  const walk = (node: unknown, pointer: string): void => {
    if (isMap(node)) {
      for (const pair of node.items) {
        if (!isPair(pair) || !isScalar(pair.key)) continue;
        const inner = `${pointer}/${String(pair.key.value).replaceAll('~', '~0').replaceAll('/', '~1')}`;
        found[inner] = lines.linePos(pair.key.range?.[0] ?? 0).line;
        walk(pair.value, inner);
      }
    } else if (isCollection(node)) {
      node.items.forEach((item: unknown, index) => {
        const inner = `${pointer}/${index}`;
        const range = (item as { range?: [number, number, number] } | null)?.range;
        found[inner] = lines.linePos(range?.[0] ?? 0).line;
        walk(item, inner);
      });
    }
  };
  walk(document.contents, '');
  return found;
}

function doubles(objects: readonly ParsedObject[]): Problem[] {
  const first = new Map<string, ParsedObject>();
  return objects.flatMap((object): Problem[] => {
    const known = first.get(objectKey(object.ref));
    first.set(objectKey(object.ref), known ?? object);
    if (known === undefined) return [];
    const where = { file: object.file, line: object.line };
    const message = `${object.file}:${object.line}: ${object.ref.kind} is there twice, first at ${known.file}:${known.line}`;
    return [{ code: 'MANIFEST_INVALID', message, where }];
  });
}
