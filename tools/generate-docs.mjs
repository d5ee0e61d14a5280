// SPDX-License-Identifier: Apache-2.0
// docs/configuration.md from the schemas of agent and collector. With --check: writes nothing, fails when it differs.
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AgentConfig } from '@undermesh/agent';
import { CollectorConfig } from '@undermesh/collector';
import { allowedValues, configKeys } from '@undermesh/core';
import { root } from './paths.mjs';

const path = join(root, 'docs/configuration.md');

function defaultOf({ default: value }) {
  if (value === undefined) return '';
  return value === hostname() ? 'the host name' : `\`${JSON.stringify(value)}\``;
}

const row = ({ path: key, env, schema }) =>
  `| \`${key}\` | ${allowedValues(schema)} | ${defaultOf(schema)} | ${(schema.description ?? '').replace(/\.$/, '').replaceAll('|', '\\|')} | \`${env}\` |`;

const table = (section, schema) => `## \`${section}:\`

| key | value | default | meaning | environment |
|---|---|---|---|---|
${configKeys(section, schema).map(row).join('\n')}
`;

const text = `<!-- Generated from the schemas of agent and collector by \`npm run generate\`. Do not edit. -->
# Configuration

Agent and collector read \`undermesh.yaml\` (\`--config FILE\`), each its own section. A flag (\`--set key=value\`) wins over the
environment, the environment over the file. An unknown or wrong setting is an error that names file, key and mend.

${table('collector', CollectorConfig)}
${table('agent', AgentConfig)}`;

if (!process.argv.includes('--check')) writeFileSync(path, text);
else if (readFileSync(path, 'utf8') !== text) {
  process.stderr.write('docs/configuration.md is not what the schemas say: run `npm run generate`\n');
  process.exitCode = 1;
}
