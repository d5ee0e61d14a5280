// SPDX-License-Identifier: Apache-2.0
import { loadConfig, UndermeshError } from '@undermesh/core';
import { AGENT_PATHS } from '@undermesh/schema';
import { compileRules } from '../identity/rules.js';
import { AgentConfig } from './schema.js';

/** Where the agent's configuration comes from. */
export interface AgentConfigSources {
  /** undermesh.yaml; must exist when given. */
  readonly file?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** By dotted path, e.g. `{ 'listen.port': '7072' }`. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
}

/** Variables that belong to the whole process rather than to a setting. */
const NO_ENVIRONMENT: Readonly<Record<string, string | undefined>> = {};

/** Reads and validates `agent:`. Throws UndermeshError `config_invalid` or `identity_rule_invalid`. */
export function loadAgentConfig(sources: AgentConfigSources = {}): AgentConfig {
  const { file, env = NO_ENVIRONMENT, flags = {} } = sources;
  const config = loadConfig({ section: 'agent', schema: AgentConfig, file, env, flags });
  const instance = config.instance === '' ? config.node.replaceAll(/[^A-Za-z0-9_.-]/g, '-') : config.instance;
  checkSizes(config);
  checkMesh(config);
  compileRules(config.identity);
  const collector = { ...config.collector, url: ingestUrl(config.collector.url) };
  return { ...config, collector, instance };
}

/** The address of a collector may be given as that of its dashboard. */
function ingestUrl(text: string): string {
  if (!URL.canParse(text))
    throw invalid(`agent.collector.url is ${JSON.stringify(text)}: give a URL, e.g. wss://collector:7070`);
  const url = new URL(text.replace(/^http/, 'ws'));
  if (url.pathname === '/') url.pathname = AGENT_PATHS.ingest;
  return url.href;
}

function checkSizes(config: AgentConfig): void {
  const { ringBytes, drain } = config;
  if (!Number.isInteger(Math.log2(ringBytes))) {
    const above = 2 ** Math.ceil(Math.log2(ringBytes));
    throw invalid(`agent.ringBytes is ${ringBytes}: set it to a power of two, e.g. ${above}`);
  }
  if (drain.busy > drain.idle) {
    throw invalid(`agent.drain.busy is ${drain.busy}: it may not exceed agent.drain.idle (${drain.idle})`);
  }
}

function checkMesh({ mesh }: AgentConfig): void {
  if (mesh.kubernetes.enabled && mesh.manifests !== '')
    throw invalid('agent.mesh.manifests and agent.mesh.kubernetes.enabled are both set: remove one of them');
}

const invalid = (what: string): UndermeshError =>
  new UndermeshError({ code: 'config_invalid', message: `Cannot use the configuration: ${what}.` });
