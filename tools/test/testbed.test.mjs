// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { mountBpffs, unmountBpffs } from '../bpffs.mjs';
import { bpffsMount, cgroup2Mount, cgroupProcesses } from '../testbed/cgroups.mjs';
import { addBlackhole, enter, joinByBridge, namespacePath, setSysctls } from '../testbed/namespaces.mjs';
import { readRecord } from '../testbed/owners.mjs';
import { sweep, Testbed } from '../testbed/testbed.mjs';

const name = `undermesh-test-bed-${process.pid}`;
vi.setConfig({ testTimeout: 300_000 });

let testbed;

afterEach(async () => {
  await testbed?.destroy();
  await sweep(name);
});

async function twoNodes() {
  testbed = await Testbed.create(name);
  const [fabric, left, right] = ['fabric', 'left', 'right'].map((part) => testbed.namespace(part));
  joinByBridge(fabric, [
    { namespace: left, addresses: ['10.77.1.1/16', 'fd77::1:1/64'] },
    { namespace: right, addresses: ['10.77.2.1/16', 'fd77::2:1/64'] },
  ]);
  return { left, right };
}

describe('a testbed', () => {
  it('carries traffic between its namespaces over both families', async () => {
    const { left } = await twoNodes();
    for (const address of ['10.77.2.1', 'fd77::2:1']) {
      const script = `const s = require('net').connect({ host: '${address}', port: 9 });
        s.on('error', (e) => { process.stdout.write(e.code) });`;
      const { stdout } = await testbed.run(process.execPath, ['-e', script], { namespace: left });
      expect(stdout).toBe('ECONNREFUSED');
    }
  });

  it('lets nothing out', async () => {
    const { left } = await twoNodes();
    const script = `for (const host of ['192.0.2.1', '2001:db8::1'])
      require('net').connect({ host, port: 80 }).on('error', (e) => process.stdout.write(e.code + ' '));`;
    const { stdout } = await testbed.run(process.execPath, ['-e', script], { namespace: left });
    expect(stdout.trim().split(' ')).toEqual(['EHOSTUNREACH', 'EHOSTUNREACH']);
  });

  it('has a neighbour that never answers', async () => {
    const { left } = await twoNodes();
    setSysctls(left, { 'net.ipv4.tcp_syn_retries': 1 });
    addBlackhole(left, '10.77.255.1');
    const script = `require('net').connect({ host: '10.77.255.1', port: 80 })
      .on('error', (e) => process.stdout.write(e.code));`;
    const { stdout } = await testbed.run(process.execPath, ['-e', script], { namespace: left });
    expect(stdout).toBe('ETIMEDOUT');
  });

  it('starts processes in their cgroup and namespace, with the host file systems in view', async () => {
    const { left } = await twoNodes();
    const cgroup = testbed.cgroup('left/shop/front');
    const { stdout } = await testbed.run(
      'sh',
      ['-c', 'cat /proc/self/cgroup; ls -d /sys/fs/cgroup/*; ip -br a'],
      {
        namespace: left,
        cgroup,
      },
    );
    expect(stdout).toContain(`0::/${name}/left/shop/front\n`);
    expect(stdout).toContain('/sys/fs/cgroup/');
    expect(stdout).toContain('10.77.1.1/16');
  });

  it('leaves nothing behind, not even a process that ignores signals', async () => {
    const { left } = await twoNodes();
    const script = 'trap "" TERM INT; echo set; sleep 1000; sleep 1000';
    const child = testbed.spawn('sh', ['-c', script], { namespace: left });
    await once(child.stdout, 'data');
    await testbed.destroy();
    expect(child.signalCode).toBe('SIGKILL');
    expect(existsSync(namespacePath(left))).toBe(false);
    expect(existsSync(testbed.root)).toBe(false);
    expect(readRecord(name)).toBeUndefined();
  });

  it('is refused while another run owns it', async () => {
    await twoNodes();
    await expect(Testbed.create(name)).rejects.toThrow(`in use by process ${process.pid}`);
  });

  it('is swept after its owner was killed', async () => {
    const module = fileURLToPath(new URL('../testbed/testbed.mjs', import.meta.url));
    const mounted = mountBpffs();
    const script = `import { mkdirSync } from 'node:fs';
      import { Testbed } from ${JSON.stringify(module)};
      const testbed = await Testbed.create('${name}-killed');
      mkdirSync(testbed.pins + '/node', { recursive: true });
      testbed.spawn('sleep', ['1000'], { namespace: testbed.namespace('left'), stdio: 'ignore' });
      await new Promise((resolve) => setTimeout(resolve, 200));
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
    await once(child, 'exit');
    const root = join(cgroup2Mount(), `${name}-killed`);
    expect(cgroupProcesses(root)).toHaveLength(1);
    expect(enter(`${name}-killed-left`, ['true'])).toBe('');
    const pins = join(bpffsMount(), `${name}-killed`);
    expect(existsSync(pins)).toBe(true);

    expect(await sweep(name)).toEqual([`${name}-killed`]);
    expect(existsSync(root)).toBe(false);
    expect(existsSync(namespacePath(`${name}-killed-left`))).toBe(false);
    expect(existsSync(pins)).toBe(false);
    if (mounted) await unmountBpffs(mounted).catch(() => {}); // somebody else's pins may be there by now
  });
});

describe('finding the cgroup v2 hierarchy', () => {
  it('reads hybrid and unified layouts', () => {
    const hybrid =
      '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n';
    expect(cgroup2Mount(hybrid)).toBe('/sys/fs/cgroup/unified');
    expect(cgroup2Mount('41 31 0:38 / /a\\040b rw shared:4 - cgroup2 none rw\n')).toBe('/a b');
    expect(cgroup2Mount('31 23 0:28 / /proc rw - proc proc rw\n')).toBeUndefined();
  });

  it('finds this machine’s own', () => {
    expect(readFileSync(join(cgroup2Mount(), 'cgroup.procs'), 'utf8')).toBeTypeOf('string');
  });
});
