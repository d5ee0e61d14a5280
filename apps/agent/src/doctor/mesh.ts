// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { createLogger } from '@undermesh/core';
import { formatProblem, ManifestSource } from '@undermesh/mesh';
import type { Finding } from '@undermesh/schema';
import type { AgentConfig } from '../config/schema.js';
import { found, well } from './finding.js';

const run = promisify(execFile);
const OLDEST_HAPROXY = [2, 6] as const;
/** More problems than a reader takes in. */
const SHOWN = 5;

/** What is steered by, and what runs waypoints. */
export async function meshFindings({ mesh, node }: AgentConfig): Promise<Finding[]> {
  return [
    ...(mesh.manifests === '' ? [] : await manifests(mesh.manifests)),
    ...(mesh.waypoints.run.length === 0 ? [] : [await haproxy(mesh.waypoints.program)]),
    ...namespace(mesh.waypoints.networkNamespace, node),
  ];
}

async function manifests(directory: string): Promise<Finding[]> {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    const mend = 'Make the directory, or correct agent.mesh.manifests.';
    return [found('manifests', 'wrong', `the directory ${directory} does not exist`, mend)];
  }
  const source = new ManifestSource({ directory, log: createLogger('doctor') });
  try {
    await source.refresh();
    const { mesh, problems } = source.state;
    if (problems.length === 0)
      return [well('manifests', `${directory}: ${mesh?.services.size ?? 0} services`)];
    return problems.slice(0, SHOWN).map((problem) => {
      const text = formatProblem(problem);
      const what = text.slice(0, text.length - problem.mend.length).replace(/: $/, '');
      return found('manifests', problem.severity === 'error' ? 'wrong' : 'warning', what, problem.mend);
    });
  } finally {
    await source.stop();
  }
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
