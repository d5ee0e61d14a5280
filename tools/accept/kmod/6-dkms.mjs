// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInGuest } from '../../kernels/guest.mjs';
import { fetchHeaders } from '../../kernels/headers.mjs';
import { fetchKernel } from '../../kernels/kernels.mjs';
import { ensurePackages, findCommand } from '../../packages.mjs';
import { environment, root } from '../../paths.mjs';

export { kernels } from '../../kernels/undermesh-module.mjs';
export const title =
  'DKMS builds and installs the module out of its package, and the kernel loads and unloads it';

/** Says what the loaded module calls itself, and that it goes. */
const TRY = `set -e
insmod "$1"
cat /sys/module/undermesh/parameters/interface
head -n 3 /proc/undermesh
rmmod undermesh
test ! -e /sys/module/undermesh`;

export async function run({ say }, version) {
  await ensurePackages(['kernels', 'kmod', 'dkms']);
  const kernel = await fetchKernel(version);
  const headers = await fetchHeaders(kernel);
  const directory = mkdtempSync(join(tmpdir(), 'undermesh-dkms-'));
  const at = (path) => join(directory, path);
  const command = (name, ...parameters) =>
    execFileSync(findCommand(name), parameters, { encoding: 'utf8', env: environment, cwd: root });
  try {
    command('node', 'packaging/debian/build.mjs', '--out', at('packages'), 'undermesh-dkms');
    const [file] = readdirSync(at('packages'));
    command('dpkg-deb', '--extract', at(`packages/${file}`), at('unpacked'));
    const [name] = readdirSync(at('unpacked/usr/src')); // undermesh-0.1.0
    const module = name.replace(/-(?=\d)/, '/');
    for (const path of ['dkms', `modules/${kernel.release}`]) mkdirSync(at(path), { recursive: true });
    const trees = [
      '--sourcetree',
      at('unpacked/usr/src'),
      '--dkmstree',
      at('dkms'),
      '--installtree',
      at('modules'),
    ];
    const of = ['-k', kernel.release, '--kernelsourcedir', headers, '--no-depmod']; // its modules are not this machine's
    for (const action of ['add', 'build', 'install']) {
      say(`dkms ${action}`);
      command('dkms', ...trees, action, module, ...(action === 'add' ? [] : of));
    }
    const status = command('dkms', ...trees, 'status', module).trim();
    const installed = readdirSync(at('modules'), { recursive: true }).find((path) => path.endsWith('.ko'));
    const { code, output } = await runInGuest(
      kernel,
      ['busybox', 'sh', '-c', TRY, 'sh', at(`modules/${installed}`)],
      {
        timeoutMs: 120_000,
      },
    );
    return {
      held: code === 0 && status.endsWith(': installed'),
      figures: { package: file, 'dkms status': status, installed },
      note: code === 0 ? '' : output,
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
