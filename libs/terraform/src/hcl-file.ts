/** A place in a file; line and column count from 1. */
export interface HclPlace {
  readonly line: number;
  readonly column: number;
}

/** A call of a function anywhere inside an expression, templates included. */
export interface HclCall extends HclPlace {
  readonly name: string;
  /** Its arguments: the text of one that is a plain quoted string, null for any other expression. */
  readonly args: readonly (string | null)[];
}

export interface HclAttribute extends HclPlace {
  readonly name: string;
  /** The expression as written. */
  readonly text: string;
  /** The value of an expression that is a plain literal (string without interpolation, number, bool, null). */
  readonly literal: string | number | boolean | null | undefined;
  readonly calls: readonly HclCall[];
  /** First words of what the expression refers to, e.g. `var.name`, `aws_s3_bucket.logs`. */
  readonly references: readonly string[];
}

export interface HclBlock extends HclPlace {
  readonly type: string;
  readonly labels: readonly string[];
  readonly attributes: readonly HclAttribute[];
  readonly blocks: readonly HclBlock[];
}

/** A file that both readers of HCL accepted and saw the same blocks in. */
export interface HclFile {
  /** Relative to the module's folder. */
  readonly path: string;
  readonly blocks: readonly HclBlock[];
}

/** Every block of a tree with the path of types that leads to it, outermost first. */
export function* everyBlock(
  blocks: readonly HclBlock[],
  above: readonly HclBlock[] = [],
): Generator<{ readonly block: HclBlock; readonly above: readonly HclBlock[] }> {
  for (const block of blocks) {
    yield { block, above };
    yield* everyBlock(block.blocks, [...above, block]);
  }
}

/** Every attribute below some blocks. */
export function* everyAttribute(blocks: readonly HclBlock[]): Generator<HclAttribute> {
  for (const { block } of everyBlock(blocks)) yield* block.attributes;
}
