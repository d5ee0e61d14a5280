// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadAgentConfig } from '../../src/config/load.js';
import { nativeFindings } from '../../src/doctor/native.js';

const RELEASE = '6.12.48-amd64';
const config = loadAgentConfig({ file: '/dev/null', env: {}, flags: {} });
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'undermesh-root-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const place = (path: string, content = ''): void => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), content);
};
const findings = (of = config) => {
  const found = nativeFindings(of, {
    release: RELEASE,
    sys: join(root, 'sys'),
    root,
    path: join(root, 'bin'),
  });
  return Object.fromEntries(found.map(({ check, ...rest }) => [check, rest]));
};
const tools = (): void => {
  for (const tool of ['make', 'gcc', 'pahole']) place(`bin/${tool}`);
};

it('names what building the module lacks', () => {
  place('bin/make');
  const found = findings();
  expect(found.engines).toMatchObject({ verdict: 'ok' });
  expect(found['kernel-native.module']?.mend).toMatch(
    `apt-get install linux-headers-${RELEASE} gcc dwarves, then undermesh-dkms`,
  );
});

it('says that it can be built here', () => {
  tools();
  mkdirSync(join(root, 'lib/modules', RELEASE, 'build'), { recursive: true });
  expect(findings()['kernel-native.module']?.found).toMatch('can be built here');
});

it('says that it is only to be loaded', () => {
  place(`lib/modules/${RELEASE}/modules.dep`, 'updates/dkms/undermesh.ko.xz:\n');
  expect(findings()['kernel-native.module']?.mend).toBe('modprobe undermesh');
});

it('names what the kernel was built without', () => {
  place(
    `boot/config-${RELEASE}`,
    'CONFIG_MODULES=y\nCONFIG_BPF_JIT=y\n# CONFIG_DEBUG_INFO_BTF_MODULES is not set\n',
  );
  expect(findings()['kernel-native.kernel']?.found).toMatch(/with CONFIG_DEBUG_INFO_BTF_MODULES$/);
});

it('is wrong only where the engine is asked for', () => {
  const asking = { ...config, engine: { ...config.engine, default: 'kernel-native' as const } };
  expect(findings(asking).engines?.verdict).toBe('wrong');
});
