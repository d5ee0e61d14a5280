// SPDX-License-Identifier: Apache-2.0
// Delay put on the link is called network, delay put into the service is called application: in the API that the pages draw
// and in the words of `undermesh explain`.
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment, root } from '../../../paths.mjs';
import { joinByBridge } from '../../../testbed/namespaces.mjs';
import { Road } from '../../../testbed/road.mjs';
import { joinBySlowWire } from '../../../testbed/wire.mjs';
import { Findings } from '../../road/checks/findings.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const cli = join(root, 'apps/cli/bin/undermesh.mjs');
const CONNECTIONS = 4;
const PORT = 8080;

/**
 * One caller and one service on two nodes.
 * @param {{ name: string, seconds: number, linkMs: number, serviceMs: number }} options `linkMs`: round trip that the link
 *   adds; `serviceMs`: what the service waits before it answers
 */
export async function timeSplit({ name, seconds, linkMs, serviceMs }) {
  const findings = new Findings();
  const road = await Road.create(name);
  try {
    const [fabric, left, right] = ['fabric', 'left', 'right'].map((part) => road.testbed.namespace(part));
    const members = [
      { namespace: left, addresses: ['10.99.1.1/16'] },
      { namespace: right, addresses: ['10.99.2.1/16'] },
    ];
    if (linkMs > 0) await joinBySlowWire(road.testbed, { fabric, members, delayMs: linkMs / 2 });
    else joinByBridge(fabric, members);
    await road.startCollector();
    await road.startAgent('left');
    await road.startAgent('right');
    const made = await callService(road, { left, right, seconds, serviceMs });
    await road.until('all requests are counted', async () => {
      const { requests } = (await edgeOf(road)).traffic;
      return (requests?.total ?? 0) >= made.requests;
    });
    judge(findings, await edgeOf(road), { made, linkMs, serviceMs });
    await judgeWords(findings, road, { linkMs, serviceMs });
  } finally {
    await road.destroy();
  }
  return findings.result;
}

async function callService(road, { left, right, seconds, serviceMs }) {
  const program = (file, words) => [join(here, file), ...words.map(String)];
  const service = road.testbed.spawn(
    process.execPath,
    program('service.mjs', ['10.99.2.1', PORT, serviceMs]),
    {
      namespace: right,
      cgroup: road.testbed.cgroup('right/shop/service'),
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await once(service.stdout, 'data');
  const { code, stdout, stderr } = await road.testbed.run(
    process.execPath,
    program('caller.mjs', ['10.99.2.1', PORT, CONNECTIONS, seconds]),
    { namespace: left, cgroup: road.testbed.cgroup('left/shop/caller'), env: environment },
  );
  if (code !== 0) throw new Error(`the caller failed: ${stderr}`);
  service.kill('SIGTERM');
  return JSON.parse(stdout);
}

async function edgeOf(road) {
  const { items } = await road.api('edges?level=workload&window=300&source=caller&destination=service');
  return items[0] ?? { traffic: {} };
}

function judge(findings, { traffic, split }, { made, linkMs, serviceMs }) {
  findings.tell('requests made (caller)', made.requests);
  findings.tell('their mean time to the first byte (caller)', `${made.meanMs.toFixed(1)} ms`);
  findings.equal('requests counted', traffic.requests.total, made.requests);
  findings.equal('basis', split.basis, 'both');
  const within = (what, us, { from, to }) =>
    findings.holds(
      `${what}, from ${from.toFixed(1)} to ${to.toFixed(1)} ms`,
      us >= from * 1000 && us <= to * 1000,
      `${us / 1000} ms`,
    );
  // The machine may add some milliseconds anywhere: what the caller saw beyond both delays.
  const seenMs = made.meanMs * 1.02;
  within('network', split.networkUs, { from: linkMs * 0.9, to: seenMs - serviceMs * 0.9 });
  within('application', split.applicationUs, { from: serviceMs * 0.9, to: seenMs - linkMs * 0.9 });
  within('total', split.totalUs, { from: (linkMs + serviceMs) * 0.9, to: seenMs });
}

async function judgeWords(findings, road, { linkMs, serviceMs }) {
  const { code, stdout } = await road.testbed.run(
    process.execPath,
    [cli, 'explain', 'shop/caller', 'shop/service', '--window', '300', '--collector', road.url],
    { env: environment },
  );
  findings.equal('undermesh explain: exit code', code, 0);
  const line = stdout.split('\n').find((text) => /to its first byte:/.test(text)) ?? stdout;
  findings.tell('undermesh explain', line.trim());
  if (linkMs === serviceMs) return;
  const expected = linkMs > serviceMs ? /Most of it is the network/ : /Most of it is the application/;
  findings.holds(
    `undermesh explain says: ${expected.source}`,
    expected.test(stdout.replaceAll('\n', ' ')),
    '',
  );
}
