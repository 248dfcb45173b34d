import { readFileSync } from 'node:fs';
import { PlanwardenError } from '@planwarden/contracts';
import type { JsonSchema } from './strict-schema.js';

/** Servers whose input schemas are pinned in this package. */
export const PIN_NAMES = ['github', 'kubernetes'] as const;
export type PinName = (typeof PIN_NAMES)[number];

/** Tool name -> the input schema the tool had when we learned to call it. */
export type Pins = Readonly<Record<string, JsonSchema>>;

/**
 * The pinned input schemas of an official server, for the tools we call: `pins/<name>.json`, taken from the real
 * server's `tools/list` (the file names the version).
 * @throws PlanwardenError CONFIG_INVALID when the file is missing or is no pin file.
 */
export function loadPins(name: PinName): Pins {
  const url = new URL(`../pins/${name}.json`, import.meta.url);
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(url, 'utf8'));
  } catch (cause) {
    throw unreadable(name, cause);
  }
  if (!isRecord(parsed) || !isRecord(parsed.tools)) throw unreadable(name);
  const pins: Record<string, JsonSchema> = {};
  for (const [tool, schema] of Object.entries(parsed.tools)) {
    if (!isRecord(schema)) throw unreadable(name);
    pins[tool] = schema;
  }
  return pins;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function unreadable(name: PinName, cause?: unknown): PlanwardenError {
  return new PlanwardenError('CONFIG_INVALID', `The pinned schemas of the ${name} server cannot be read.`, {
    where: { file: `libs/mcp-client/pins/${name}.json` },
    remedy: 'Restore the file from the repository.',
    cause,
  });
}
