// SPDX-License-Identifier: Apache-2.0
// Images without a container engine: the roots that their Containerfiles describe, and the programs in them; the same
// checks as `npm run accept -- images`. The first run on a machine makes Debian's part by debootstrap, later ones copy it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  agentSees,
  billsAreWhole,
  collectorServes,
  damageIsRefused,
  IMAGES,
  nothingToBuildWith,
} from '../accept/images/checks/images.mjs';
import { Findings } from '../accept/road/checks/findings.mjs';
import { readLastStage } from '../images/containerfile.mjs';
import { ImagedMesh } from '../images/mesh.mjs';
import { stageOf } from '../images/root.mjs';
import { root } from '../paths.mjs';
import { sweep } from '../testbed/testbed.mjs';

const timeout = 300_000;
let mesh;

beforeAll(async () => {
  mesh = await ImagedMesh.create(`undermesh-test-images-${process.pid}`);
}, 600_000);

afterAll(async () => {
  await mesh?.destroy();
  await sweep('undermesh-test-images');
}, timeout);

/** What a check found wrong. */
async function failuresOf(check, options) {
  const findings = new Findings();
  await check(mesh, findings, options);
  return findings.result.failures.join('; ');
}

it('are labelled with the version of the product', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const image of IMAGES) {
    expect(stageOf(image).labels['org.opencontainers.image.version']).toBe(version);
  }
});

it.each([
  ['an instruction', 'ADD https://example.com/a.tar /'],
  ['a form of one', 'COPY bin /usr/bin'],
  ['a user by name', 'USER nobody'],
])('are refused with %s that no test carries out', (_, line) => {
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-containerfile-'));
  const path = join(directory, 'Containerfile');
  writeFileSync(path, `FROM one AS build\nRUN make\nFROM two\n${line}\n`);
  expect(() => readLastStage(path)).toThrow('no test carries out');
  rmSync(directory, { recursive: true });
});

it('hold nothing to build with', async () => {
  expect(await failuresOf(nothingToBuildWith)).toBe('');
});

it(
  'of the collector: serves API and dashboard as an ordinary user on a read-only root',
  async () => {
    expect(await failuresOf(collectorServes)).toBe('');
  },
  timeout,
);

it(
  'of the agent: refuses eBPF objects that were damaged or are missing, and has changed nothing',
  async () => {
    expect(await failuresOf(damageIsRefused)).toBe('');
  },
  timeout,
);

it(
  'of the agent: loads the prebuilt objects, and what it sees reaches the collector',
  async () => {
    expect(await failuresOf(agentSees, { connections: 1000 })).toBe('');
  },
  timeout,
);

it(
  'have every package of theirs in the bill of materials',
  async () => {
    expect(await failuresOf(billsAreWhole)).toBe('');
  },
  timeout,
);
