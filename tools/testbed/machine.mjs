// SPDX-License-Identifier: Apache-2.0
// A machine in a testbed: systemd as the first process of a pid namespace, on this machine's files. What it changes of them
// lies in memory and is gone with it. Cgroups are this machine's, below the testbed's own; the BPF file system is its own;
// so is the host's network namespace, which it shares.
//
//   const machine = await Machine.boot(testbed);
//   await machine.run('systemctl', 'is-system-running');
//   ...
//   await testbed.destroy();      // ends it with all that runs in it
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cgroup2Mount } from './cgroups.mjs';

const BOOT_MS = 60_000;
/** Of commands: a root's who has just come in. */
const ENVIRONMENT = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LANG=C.UTF-8'];

// No unit of this machine starts there: what is wanted at boot is forgotten, and only one empty target is reached. Nor do
// services of packages that are configured there ask for more.
const SETUP = `set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t bpf -o nosuid,nodev,noexec,mode=700 bpf sys/fs/bpf
mount --bind "$2" sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
rm -rf lib/systemd/system/*.wants etc/systemd/system/*.wants etc/undermesh var/lib/undermesh usr/sbin/policy-rc.d
printf '[Unit]\\nDefaultDependencies=no\\n' > etc/systemd/system/testbed.target
mkdir -p etc/systemd/system/service.d run/log
printf '[Service]\\nStandardError=append:/run/log/%%N\\n' > etc/systemd/system/service.d/log.conf
exec chroot . /usr/bin/env -i container=testbed PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  /lib/systemd/systemd --unit=testbed.target --log-target=console --show-status=no
`;

export class Machine {
  #testbed;
  #pid;

  /** Boots one. @param {import('./testbed.mjs').Testbed} testbed */
  static async boot(testbed) {
    const directory = mkdtempSync(join(tmpdir(), 'undermesh-machine-'));
    const child = testbed.spawn(
      'unshare',
      [
        '--pid',
        '--fork',
        '--mount',
        '--uts',
        '--ipc',
        '--',
        'sh',
        '-c',
        SETUP,
        'sh',
        directory,
        cgroup2Mount(),
      ],
      { cgroup: testbed.cgroup('machine'), stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (said += text));
    child.once('exit', () => rmSync(directory, { recursive: true, force: true }));
    const ended = once(child, 'exit').then(() => {
      throw new Error(`the machine does not boot: ${said}`);
    });
    ended.catch(() => {});
    const machine = new Machine(testbed, () => firstChild(child.pid));
    await Promise.race([machine.#untilBooted(() => said), ended]);
    return machine;
  }

  constructor(testbed, pid) {
    this.#testbed = testbed;
    this.#pid = pid;
  }

  /** Its files, as this machine sees them. */
  get root() {
    return `/proc/${this.#pid()}/root`;
  }

  /** Runs a command in it to its end. @returns {Promise<{ code: number | null, stdout: string, stderr: string }>} */
  async try(...command) {
    const enter = [
      '-t',
      String(this.#pid()),
      '-m',
      '-p',
      '-u',
      '-i',
      '-r',
      '-w',
      '--',
      'env',
      '-i',
      ...ENVIRONMENT,
      ...command,
    ];
    return this.#testbed.run('nsenter', enter, { cgroup: this.#testbed.cgroup('operator') });
  }

  /** The same; rejects when it fails. @returns {Promise<string>} what it printed */
  async run(...command) {
    const { code, stdout, stderr } = await this.try(...command);
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Writes a file of it. */
  async write(path, text) {
    await this.run('sh', '-c', 'mkdir -p "$(dirname "$1")" && printf %s "$2" > "$1"', 'sh', path, text);
  }

  /** What a service has written to standard error, the end of it. */
  log(unit) {
    return readFileSync(join(this.root, 'run/log', unit), 'utf8').slice(-1000);
  }

  /** A property of a unit, as systemd says it. */
  async property(unit, name) {
    return (await this.run('systemctl', 'show', '--value', `--property=${name}`, unit)).trim();
  }

  async #untilBooted(said) {
    const deadline = Date.now() + BOOT_MS;
    for (;;) {
      const { stdout } = await this.try('systemctl', 'is-system-running').catch(() => ({ stdout: '' }));
      if (/^(running|degraded)$/m.test(stdout)) return;
      if (Date.now() > deadline) throw new Error(`the machine does not come up: ${stdout} ${said()}`);
      await pause(100);
    }
  }
}

/** The process that `unshare --fork` made: the first one of its namespace. */
function firstChild(pid) {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
  if (!child) throw new Error(`process ${pid} has no child`);
  return Number(child);
}
