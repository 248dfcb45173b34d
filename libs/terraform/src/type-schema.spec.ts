import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { metaSchema, providerSchema } from './type-schema.js';

const shipped = (name: string) => readFileSync(new URL(`../schema/${name}`, import.meta.url), 'utf8');

test('the shipped names are the ones the manifest tells of', () => {
  const manifest = JSON.parse(shipped('manifest.json')) as Record<string, string>;
  const text = shipped('aws.json');
  expect(manifest.schema).toBe(`sha256:${createHash('sha256').update(text).digest('hex')}`);
  expect((JSON.parse(text) as Record<string, unknown>).providerVersion).toBe(manifest.providerVersion);
});

test('the shipped schemas say what the providers say', () => {
  const aws = providerSchema('aws_eks_cluster');
  const cluster = aws?.types.resources.get('aws_eks_cluster');
  expect(cluster?.attributes.get('role_arn')).toEqual({ type: 'string', use: 'required' });
  expect(cluster?.attributes.get('certificate_authority')).toEqual({ type: 'list(object)', use: 'computed' });
  expect(cluster?.blocks.get('vpc_config')).toMatchObject({ kind: 'list', min: 1, max: 1 });
  const group = aws?.types.resources.get('aws_security_group');
  expect(group?.attributes.get('ingress')).toMatchObject({ type: 'set(object)', use: 'optional' });
  expect(group?.attributes.get('ingress')?.fields?.get('self')).toEqual({ type: 'bool', use: 'optional' });
  expect(aws?.others.data.has('aws_ami')).toBe(true);
  expect(providerSchema('google_x')).toBeUndefined();
  expect(providerSchema('constructor')).toBeUndefined();
  expect([...metaSchema().attributes.keys()]).toEqual(['count', 'depends_on', 'for_each', 'provider']);
});
