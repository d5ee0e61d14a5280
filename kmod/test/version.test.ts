// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

test('the module, DKMS and the package are of one version', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  expect(read('module.c')).toContain(`MODULE_VERSION("${version}")`);
  expect(read('dkms.conf')).toContain(`PACKAGE_VERSION="${version}"`);
});
