// SPDX-License-Identifier: Apache-2.0
export { type Agent, type AgentOptions, createAgent } from './agent.js';
export { runCommand } from './command-line.js';
export { type AgentConfigSources, loadAgentConfig } from './config/load.js';
export { AgentConfig, IdentityRule } from './config/schema.js';
export { environment } from './environment.js';
export { AGENT_ERRORS, type AgentErrorCode } from './errors.js';
export type { AgentSnapshot } from './http/metrics.js';
export type { Readiness } from './http/server.js';
export { uninstall } from './uninstall.js';
