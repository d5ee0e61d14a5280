// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { createLogger } from '@undermesh/core';
import { formatProblem, ManifestSource, type Mesh } from '@undermesh/mesh';
import type { Finding } from '@undermesh/schema';
import type { AgentConfig } from '../config/schema.js';
import { compile, IdBook, notExpressible } from '../mesh/index.js';
import { found, well } from './finding.js';

const run = promisify(execFile);
const OLDEST_HAPROXY = [2, 6] as const;
/** More problems than a reader takes in. */
const SHOWN = 5;

/** What is steered by, and what runs waypoints. */
export async function meshFindings(config: AgentConfig): Promise<Finding[]> {
  const { mesh, node } = config;
  return [
    ...(mesh.manifests === '' ? [] : await manifests(config)),
    ...(mesh.waypoints.run.length === 0 ? [] : [await haproxy(mesh.waypoints.program)]),
    ...namespace(mesh.waypoints.networkNamespace, node),
  ];
}

async function manifests(config: AgentConfig): Promise<Finding[]> {
  const directory = config.mesh.manifests;
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    const mend = 'Make the directory, or correct agent.mesh.manifests.';
    return [found('manifests', 'wrong', `the directory ${directory} does not exist`, mend)];
  }
  const source = new ManifestSource({ directory, log: createLogger('doctor') });
  try {
    await source.refresh();
    const { mesh, problems } = source.state;
    const unrouted = mesh === null ? [] : notRouted(mesh, config);
    if (problems.length === 0)
      return [well('manifests', `${directory}: ${mesh?.services.size ?? 0} services`), ...unrouted];
    const shown = problems.slice(0, SHOWN).map((problem) => {
      const text = formatProblem(problem);
      const what = text.slice(0, text.length - problem.mend.length).replace(/: $/, '');
      return found('manifests', problem.severity === 'error' ? 'wrong' : 'warning', what, problem.mend);
    });
    return [...shown, ...unrouted];
  } finally {
    await source.stop();
  }
}

/** Services whose routes the kernel cannot go by: of weight where the kernel is to. */
function notRouted(mesh: Mesh, { mesh: { limits }, engine }: AgentConfig): Finding[] {
  const here = { node: null, zone: null, region: null };
  const options = { here, book: new IdBook(), prefaces: true, routeRoom: limits.routes };
  const services = notExpressible(compile(mesh, options));
  const verdict = engine.default === 'kernel-native' ? 'warning' : 'ok';
  const mend =
    'It goes to its waypoint, or without one to its endpoints without routes: docs/kernel-native.md, "What it does not do".';
  const findings = services
    .slice(0, SHOWN)
    .map(({ service, reason }) =>
      found('routes', verdict, `kernel-native cannot go by the routes of ${service}: ${reason}`, mend),
    );
  const more = services.length - findings.length;
  return more > 0
    ? [...findings, found('routes', verdict, `nor by those of ${more} services more`)]
    : findings;
}

async function haproxy(program: string): Promise<Finding> {
  const mend = 'apt-get install haproxy, or set agent.mesh.waypoints.program.';
  let text: string;
  try {
    text = (await run(program, ['-v'])).stdout;
  } catch {
    return found('haproxy', 'wrong', `waypoints are to be run and ${program} cannot be`, mend);
  }
  const [, major = '0', minor = '0'] = /version (\d+)\.(\d+)/.exec(text) ?? [];
  const [oldestMajor, oldestMinor] = OLDEST_HAPROXY;
  const old = Number(major) < oldestMajor || (Number(major) === oldestMajor && Number(minor) < oldestMinor);
  if (old)
    return found(
      'haproxy',
      'wrong',
      `${program} is ${major}.${minor}`,
      `Install ${OLDEST_HAPROXY.join('.')} or later.`,
    );
  return well('haproxy', `HAProxy ${major}.${minor}`);
}

function namespace(file: string, node: string): Finding[] {
  if (file === '' || existsSync(file)) return [];
  const what = `the network namespace ${file} of the waypoints of ${node} does not exist`;
  return [
    found(
      'haproxy.networkNamespace',
      'wrong',
      what,
      'Make it, or correct agent.mesh.waypoints.networkNamespace.',
    ),
  ];
}
