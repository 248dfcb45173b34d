import type { SourceModule, SourceProvider, SourceResource, StackSource } from '@planwarden/contracts';
import type { HclAttribute, HclBlock, HclFile } from './hcl-file.js';
import { declaredProviders } from './source-safety.js';

const MAX_TEXT = 500;

/** What parsed files declare: resources with their settings, providers and modules with their versions. */
export function stackSource(files: readonly HclFile[]): StackSource {
  return {
    resources: files.flatMap((file) => file.blocks.flatMap((block) => resourceOf(file.path, block))),
    providers: providersOf(files),
    modules: files.flatMap((file) => file.blocks.flatMap((block) => moduleOf(file.path, block))),
  };
}

function resourceOf(file: string, block: HclBlock): SourceResource[] {
  if (block.type !== 'resource' && block.type !== 'data') return [];
  const [type = '', name = ''] = block.labels;
  const mode = block.type === 'data' ? 'data' : 'managed';
  return [
    {
      address: `${mode === 'data' ? 'data.' : ''}${type}.${name}`,
      ...{ mode, type, name, file, line: block.line },
      settings: settingsOf(block, []),
    },
  ];
}

function settingsOf(block: HclBlock, above: readonly string[]): SourceResource['settings'] {
  return [
    ...block.attributes.map(({ name, line, literal, text }) => ({
      path: [...above, name].join('.'),
      ...{ line, block: block.line },
      known: literal !== undefined,
      value: literal ?? null,
      text: text.slice(0, MAX_TEXT),
    })),
    ...block.blocks.flatMap((inner) => settingsOf(inner, [...above, ...pathOf(inner)])),
  ];
}

/** `dynamic "ingress" { content { ... } }` sets what `ingress { ... }` sets. */
function pathOf({ type, labels }: HclBlock): readonly string[] {
  if (type === 'dynamic') return labels;
  return type === 'content' ? [] : [type];
}

function providersOf(files: readonly HclFile[]): SourceProvider[] {
  const tagging = new Set(
    files.flatMap(({ blocks }) =>
      blocks.filter((block) => block.type === 'provider' && tagsOwner(block)).map(({ labels }) => labels[0] ?? ''),
    ),
  );
  return declaredProviders(files).map(({ file, name, line, source, version }) => ({
    ...{ name, source: source ?? null, version: version ?? null },
    ...{ tagsOwner: tagging.has(name), file, line },
  }));
}

const tagsOwner = (provider: HclBlock): boolean =>
  provider.blocks
    .filter(({ type }) => type === 'default_tags')
    .some(({ attributes }) => attributes.some(({ name, text }) => name === 'tags' && /\bowner\b/i.test(text)));

function moduleOf(file: string, block: HclBlock): SourceModule[] {
  if (block.type !== 'module') return [];
  const plain = (wanted: string): string | null => textOf(block.attributes.find(({ name }) => name === wanted));
  const [name = ''] = block.labels;
  return [{ name, source: plain('source'), version: plain('version'), file, line: block.line }];
}

const textOf = (attribute: HclAttribute | undefined): string | null =>
  typeof attribute?.literal === 'string' ? attribute.literal : null;
