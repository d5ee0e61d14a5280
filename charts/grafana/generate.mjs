// SPDX-License-Identifier: Apache-2.0
// The dashboards as Grafana imports them: charts/undermesh/dashboards/*.json. With --check: writes nothing, fails when one
// differs.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { agents } from './agents.mjs';
import { engine } from './engine.mjs';
import { mesh } from './mesh.mjs';
import { service } from './service.mjs';
import { workload } from './workload.mjs';

const directory = fileURLToPath(new URL('../undermesh/dashboards/', import.meta.url));
const check = process.argv.includes('--check');

mkdirSync(directory, { recursive: true });
for (const [name, board] of Object.entries({ mesh, service, workload, engine, agents })) {
  const path = `${directory}${name}.json`;
  const text = `${JSON.stringify(board, null, 2)}\n`;
  if (!check) writeFileSync(path, text);
  else if (readFileSync(path, 'utf8') !== text) {
    process.stderr.write(
      `charts/undermesh/dashboards/${name}.json is not what charts/grafana says: run \`npm run generate\`\n`,
    );
    process.exitCode = 1;
  }
}
