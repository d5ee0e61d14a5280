// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { libbpfVersion, openObject } from '../src/index.js';
import { describeAsRoot, fixture, thrownBy } from './support.js';

const isNew = Number(libbpfVersion().split('.')[1]) >= 4;
/** Where `npm run test:kmod` unpacks a newer libbpf; nothing is installed. */
const backport = fileURLToPath(
  new URL('../../../.undermesh/kernels/libbpf-backport/usr/lib/x86_64-linux-gnu', import.meta.url),
);
const library = isNew ? '' : existsSync(backport) ? backport : undefined;

describeAsRoot('struct_ops', () => {
  test.skipIf(library === undefined)(
    'are attached, replaced in one step, attached anew, and gone with their link',
    () => {
      const program = fileURLToPath(new URL('struct-ops.mjs', import.meta.url));
      const environment = { ...process.env, LD_LIBRARY_PATH: library };
      const output = execFileSync(process.execPath, [program, fixture('congestion')], { env: environment });
      expect(JSON.parse(output.toString())).toEqual({
        attached: true,
        afterClose: false,
        inForce: true,
        replaced: true,
        twice: 'BPF_ATTACH',
        noStructOps: 'BPF_ATTACH',
        again: true,
        left: false,
      });
    },
  );

  test.skipIf(isNew)('an older libbpf is told, with what to install', () => {
    const error = thrownBy(() => openObject(fixture('congestion')));
    expect(error).toMatchObject({ code: 'BPF_NOT_SUPPORTED', since: 'libbpf1 1.4' });
    expect(error.message).toMatch(/libbpf is v1\.\d+\. Install libbpf 1\.4 or later/);
  });
});
