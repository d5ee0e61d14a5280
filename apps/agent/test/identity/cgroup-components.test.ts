// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { meaningOf } from '../../src/identity/cgroup-components.js';

const ID = '3f2a9c0d1e4b5a6978876655443322110ffeeddccbbaa99887766554433221a0';
const unit = (name: string, text: string) => ({ kind: 'unit', name, unit: text });
const container = (runtime: string, id = ID) => ({ kind: 'container', runtime, id });
const process = { kind: 'process' };

describe('what a cgroup path says', () => {
  it.each([
    ['/', undefined],
    ['/system.slice', undefined],
    ['/bookshop/node-1/shop/reviews@v2', undefined],
    // units
    ['/system.slice/nginx.service', unit('nginx', 'nginx.service')],
    ['/system.slice/nginx.service/workers/3', unit('nginx', 'nginx.service')],
    [
      '/system.slice/system-postgresql.slice/postgresql@15-main.service',
      unit('postgresql@15-main', 'postgresql@15-main.service'),
    ],
    ['/system.slice/docker.service', unit('docker', 'docker.service')],
    ['/system.slice/sshd.socket', unit('sshd', 'sshd.socket')],
    ['/system.slice/my\\x2ddaemon.service', unit('my-daemon', 'my-daemon.service')],
    ['/system.slice/qemu-guest.scope', unit('qemu-guest', 'qemu-guest.scope')],
    [
      '/user.slice/user-1000.slice/user@1000.service/app.slice/syncthing.service',
      unit('syncthing', 'syncthing.service'),
    ],
    [
      '/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox-4711.scope',
      unit('firefox', 'app-gnome-firefox-4711.scope'),
    ],
    [
      '/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.mozilla.thunderbird@0f1e.service',
      unit('org.mozilla.thunderbird', 'app-org.mozilla.thunderbird@0f1e.service'),
    ],
    // sessions and transient units
    ['/user.slice/user-1000.slice/session-3.scope', process],
    ['/user.slice/user-1000.slice/session-c1.scope', process],
    ['/init.scope', process],
    ['/user.slice/user-1000.slice/user@1000.service/init.scope', process],
    ['/system.slice/run-u42.service', process],
    ['/system.slice/run-r0123456789abcdef.scope', process],
    ['/system.slice/run-p42-i43.service', process],
    // containers, systemd driver
    [`/system.slice/docker-${ID}.scope`, container('docker')],
    [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`, container('podman')],
    [`/machine.slice/libpod-${ID}.scope/container`, container('podman')],
    [
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1234_5.slice/cri-containerd-${ID}.scope`,
      container('containerd'),
    ],
    [`/kubepods.slice/kubepods-pod1234_5.slice/crio-${ID}.scope`, container('cri-o')],
    [`/kubepods.slice/kubepods-pod1234_5.slice/crio-${ID}.scope/container`, container('cri-o')],
    [`/system.slice/nerdctl-${ID}.scope`, container('containerd')],
    [`/machine.slice/libpod-conmon-${ID}.scope`, process],
    [`/kubepods.slice/kubepods-pod1.slice/crio-conmon-${ID}.scope`, process],
    // containers, cgroupfs driver
    [`/docker/${ID}`, container('unknown')],
    [`/kubepods/burstable/pod12345678-1234-1234-1234-123456789abc/${ID}`, container('unknown')],
    [`/system.slice/docker.service/docker/${ID}`, container('unknown')],
    [
      `/system.slice/containerd.service/kubepods-besteffort-pod1.slice:cri-containerd:${ID}`,
      container('containerd'),
    ],
    [`/libpod_parent/libpod-${ID}`, container('podman')],
    // others
    ['/lxc.payload.web-1', container('lxc', 'web-1')],
    ['/lxc.payload.web-1/system.slice/nginx.service', unit('nginx', 'nginx.service')],
    ['/lxc.monitor.web-1', process],
    ['/machine.slice/machine-build\\x2dhost.scope', container('machine', 'build-host')],
    // the deepest wins
    [`/docker/${ID}/system.slice/nginx.service`, unit('nginx', 'nginx.service')],
    // no ids: too short, not hexadecimal
    ['/process_api/95cd5a85963b7b762235d96c67bb4e28', undefined],
    [`/docker/${ID.slice(0, 12)}`, undefined],
  ])('%s', (path, meaning) => {
    expect(meaningOf(path)).toEqual(meaning);
  });
});
