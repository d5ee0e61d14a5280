// SPDX-License-Identifier: Apache-2.0
import { UndermeshError } from '@undermesh/core';
import type { Finding } from '@undermesh/schema';
import { type AgentConfigSources, loadAgentConfig } from '../config/load.js';
import { agentFindings } from './agent.js';
import { collectorFindings } from './collector.js';
import { found, well } from './finding.js';
import { kernelFindings } from './kernel.js';
import { meshFindings } from './mesh.js';
import { nativeFindings } from './native.js';
import { diskFindings, kernelPlaces } from './places.js';

/**
 * Looks at all that an agent of this configuration needs on this node, and changes nothing. A configuration that cannot be
 * used is a finding too; the rest of the node is then looked at as by default.
 */
export async function examine(sources: AgentConfigSources): Promise<Finding[]> {
  const [configuration, config] = read(sources);
  return [
    configuration,
    ...kernelFindings(),
    ...kernelPlaces(config),
    ...nativeFindings(config),
    ...diskFindings(config),
    ...(await meshFindings(config)),
    ...(await agentFindings(config)),
    ...(await collectorFindings(config)),
  ];
}

function read(sources: AgentConfigSources) {
  try {
    return [well('configuration', 'the configuration can be used'), loadAgentConfig(sources)] as const;
  } catch (error) {
    if (!(error instanceof UndermeshError)) throw error;
    const mend = 'Mend it; all that follows was looked at as if there were none.';
    const finding = found('configuration', 'wrong', error.message.replace(/\.$/, ''), mend);
    return [finding, loadAgentConfig({ file: '/dev/null', env: {}, flags: {} })] as const;
  }
}

const MARKS = { ok: 'ok     ', warning: 'warning', wrong: 'WRONG  ', unknown: 'unknown' } as const;

/** What was found, as text: what is wrong comes last, where it is seen. */
export function report(findings: readonly Finding[]): string {
  const order = ['ok', 'unknown', 'warning', 'wrong'];
  return [...findings]
    .sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict))
    .map(({ check, verdict, found: what, mend }) => {
      const line = `${MARKS[verdict]}  ${check}: ${what}`;
      return mend === '' ? line : `${line}\n${' '.repeat(9)}-> ${mend}`;
    })
    .join('\n');
}
