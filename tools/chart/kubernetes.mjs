// SPDX-License-Identifier: Apache-2.0
// Objects against the schemas of Kubernetes, the Prometheus operator and the Gateway API, by what is generated from their
// OpenAPI documents and CRDs: validators know what has to be there and what values may be; types, which a compiler compares
// literals with, know every field that there is.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { binary } from '../paths.mjs';
import { chartTools } from './fetch.mjs';

const PACKAGES = {
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
  'gateway.networking.k8s.io': '@kubernetes-models/gateway-api',
};

/** Where an object's schema is, below node_modules, without ending. Throws when nobody has one. */
function schemaOf({ apiVersion, kind }) {
  const [group] = apiVersion.split('/');
  const path = `${PACKAGES[group] ?? 'kubernetes-models'}/${apiVersion}/${kind}`;
  if (existsSync(join(chartTools(), 'node_modules', `${path}.js`))) return path;
  throw new Error(`there is no schema of ${apiVersion} ${kind}`);
}

/** What is wrong with values of an object, or missing; empty when nothing is. */
export async function wrongValues(object) {
  const file = join(chartTools(), 'node_modules', `${schemaOf(object)}.js`);
  const { [object.kind]: Model } = await import(pathToFileURL(file).href);
  try {
    new Model(object).validate();
    return [];
  } catch (error) {
    return (error.errors ?? [error]).map(({ instancePath = '', message }) => `${instancePath} ${message}`);
  }
}

/**
 * What the compiler says of fields that there are not, of all objects at once: it takes a second to begin.
 * @returns {string[]} each begins with kind and name of its object
 */
export function unknownFields(objects) {
  const directory = mkdtempSync(join(chartTools(), 'check-'));
  try {
    objects.forEach((object, index) => {
      const type = `import('${schemaOf(object)}').I${object.kind}`;
      const literal = JSON.stringify(object, null, 1);
      writeFileSync(join(directory, `${index}.ts`), `export const object: ${type} = ${literal};\n`);
    });
    writeFileSync(
      join(directory, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          skipLibCheck: true,
          types: [],
          target: 'es2022',
          module: 'nodenext',
        },
        include: ['*.ts'],
      }),
    );
    const compile = ['-p', directory, '--pretty', 'false'];
    execFileSync(binary('tsc'), compile, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
    return [];
  } catch (error) {
    if (error.stdout === undefined) throw error;
    const lines = error.stdout.toString().split('\n').filter(Boolean);
    return lines.map((line) => {
      const object = objects[Number(/^(\d+)\.ts/.exec(line)?.[1])];
      return object === undefined ? line : `${object.kind} ${object.metadata.name}: ${line}`;
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
