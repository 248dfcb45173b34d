// node scripts/terraform-schema.mjs [--check]: names of the AWS provider -> libs/terraform/schema/{aws,manifest}.json.
// They are read out of a package that is generated from the provider's own schema: 46 MB, fetched into a throw-away
// folder, never installed. The same package gives the same bytes; --check compares and changes nothing.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { schemaOf, sorted } from './lib/cdktn-schema.mjs';
import { bin, root } from './lib/ensure.mjs';

const PACKAGE = '@cdktn/provider-aws';
const VERSION = '25.7.0';
const FOLDER = 'libs/terraform/schema';
/** Types whose names are checked; of all others only the name of the type is kept. */
const RESOURCES = [
  's3_bucket s3_bucket_versioning s3_bucket_server_side_encryption_configuration s3_bucket_public_access_block',
  's3_bucket_policy s3_bucket_lifecycle_configuration s3_bucket_logging s3_bucket_ownership_controls s3_bucket_acl',
  's3_bucket_notification s3_bucket_cors_configuration s3_bucket_replication_configuration',
  'eks_cluster eks_node_group eks_addon eks_access_entry eks_access_policy_association',
  'iam_role iam_role_policy iam_role_policy_attachment iam_policy iam_openid_connect_provider',
  'kms_key kms_alias cloudwatch_log_group',
  'vpc subnet security_group security_group_rule vpc_security_group_ingress_rule vpc_security_group_egress_rule',
  'internet_gateway nat_gateway route_table route route_table_association eip',
  'db_instance ebs_volume instance lb',
].flatMap(withPrefix);
const DATA = ['iam_policy_document caller_identity region availability_zones vpc subnets kms_key'].flatMap(withPrefix);

function withPrefix(line) {
  return line.split(' ').map((name) => `aws_${name}`);
}

const tarball = fetched();
const { files, providerVersion } = unpacked(tarball);
const all = { resources: new Map(), data: new Map() };
for (const [folder, { js, types }] of files) {
  const type = /static tfResourceType = "(aws_\w+)"/.exec(js)?.[1];
  if (type !== undefined) all[folder.startsWith('data-') ? 'data' : 'resources'].set(type, { js, types });
}
const schema = {
  version: 'terraform-schema/1',
  provider: 'hashicorp/aws',
  providerVersion,
  resources: typesOf(all.resources, RESOURCES),
  data: typesOf(all.data, DATA),
  others: { resources: othersOf(all.resources, RESOURCES), data: othersOf(all.data, DATA) },
};
const schemaText = formatted(schema, 'aws.json');
const manifest = {
  package: PACKAGE,
  version: VERSION,
  providerVersion,
  tarball: sha256(tarball),
  schema: sha256(schemaText),
  licence: `aws.json is taken from ${PACKAGE}, which is under MPL-2.0; that licence stays with it.`,
};
const outputs = { 'aws.json': schemaText, 'manifest.json': formatted(manifest, 'manifest.json') };

const before = existsSync(pathOf('manifest.json')) ? JSON.parse(readFileSync(pathOf('manifest.json'), 'utf8')) : {};
// A version is published once. If its bytes change, somebody changed them.
if (before.version === VERSION && before.tarball !== manifest.tarball) {
  fail(`${PACKAGE} ${VERSION} is not the file it was when the manifest was written`);
}
if (process.argv.includes('--check')) {
  for (const [name, text] of Object.entries(outputs)) {
    if (!existsSync(pathOf(name)) || readFileSync(pathOf(name), 'utf8') !== text) fail(`${FOLDER}/${name} differs`);
  }
  process.stdout.write('terraform schema: reproduced bit for bit\n');
} else {
  for (const [name, text] of Object.entries(outputs)) writeFileSync(pathOf(name), text);
  const counts = `${RESOURCES.length} resources, ${DATA.length} data sources`;
  process.stdout.write(`terraform schema: aws ${providerVersion}, ${counts}, ${schemaText.length} bytes\n`);
}

/** The package as npm fetches it. */
function fetched() {
  const folder = mkdtempSync(join(tmpdir(), 'planwarden-schema-'));
  try {
    const args = ['pack', `${PACKAGE}@${VERSION}`, '--json', '--loglevel=error', '--pack-destination', folder];
    const result = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' });
    if (result.status !== 0) fail(`npm pack failed\n${result.stderr}`);
    return readFileSync(join(folder, `${PACKAGE.replace('@', '').replace('/', '-')}-${VERSION}.tgz`));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Code and types of every folder of the package. A folder that its index names and the archive lacks ends the run. */
function unpacked(packed) {
  const found = new Map();
  let index = '';
  for (const { name, bytes } of entries(gunzipSync(packed))) {
    if (name === 'package/lib/index.d.ts') index = bytes.toString('utf8');
    const [, folder, file] = /^package\/lib\/([^/]+)\/index\.(js|d\.ts)$/.exec(name) ?? [];
    if (folder === undefined) continue;
    const text = bytes.toString('utf8').split('\n//# sourceMappingURL=')[0];
    found.set(folder, { ...found.get(folder), [file === 'js' ? 'js' : 'types']: text });
  }
  const folders = [...index.matchAll(/from '\.\/([^/']+)\/index'/g)].map(([, folder]) => folder);
  const lacking = folders.filter((folder) => !found.get(folder)?.js || !found.get(folder)?.types);
  if (folders.length === 0 || lacking.length > 0) fail(`the archive lacks ${lacking.join(', ') || 'its index'}`);
  const version = /providerVersion: '([\d.]+)'/.exec(found.get('s3-bucket')?.js ?? '')?.[1];
  if (version === undefined) fail('the package does not name the version of the provider');
  return { files: found, providerVersion: version };
}

/** Plain files of a tar archive. */
function* entries(archive) {
  for (let at = 0; at + 512 <= archive.length; ) {
    const [name, prefix] = [100, 155].map((length, i) => {
      const from = at + (i === 0 ? 0 : 345);
      return archive.toString('utf8', from, from + length).split('\0')[0];
    });
    const size = Number.parseInt(archive.toString('ascii', at + 124, at + 136), 8) || 0;
    yield { name: prefix ? `${prefix}/${name}` : name, bytes: archive.subarray(at + 512, at + 512 + size) };
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

function typesOf(found, wanted) {
  const one = (type) => {
    const source = found.get(type);
    if (source === undefined) fail(`the package has no ${type}`);
    try {
      return schemaOf(source.js, source.types);
    } catch (error) {
      return fail(`${type}: ${error.message}`);
    }
  };
  return sorted(Object.fromEntries(wanted.map((type) => [type, one(type)])));
}

function othersOf(found, wanted) {
  return [...found.keys()].filter((type) => !wanted.includes(type)).sort();
}

/** As the project's formatter writes it, so that the format check and this script never disagree. */
function formatted(value, name) {
  const args = ['format', `--stdin-file-path=${FOLDER}/${name}`];
  const result = spawnSync(bin('biome'), args, { cwd: root, input: JSON.stringify(value), encoding: 'utf8' });
  if (result.status !== 0) fail(`biome could not format ${name}\n${result.stderr}`);
  return result.stdout;
}

function pathOf(name) {
  return join(root, FOLDER, name);
}

function sha256(bytes) {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function fail(message) {
  process.stderr.write(`terraform schema: ${message}\n`);
  process.exit(1);
}
