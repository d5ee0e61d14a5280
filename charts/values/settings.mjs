// SPDX-License-Identifier: Apache-2.0
// What `agent.config` and `collector.config` may hold: the programs' own schemas, less what the chart settles.
import { AgentConfig } from '@undermesh/agent';
import { CollectorConfig } from '@undermesh/collector';

/** Settings of the agent that follow from where a pod runs and whom it talks to; waypoints that it ran would end with it. */
const AGENT = [
  'node',
  'cluster',
  'instance',
  'collector.url',
  'collector.credentialFile',
  'tls',
  'join',
  'listen',
  'spool.directory',
  'engine.directory',
  'mesh.manifests',
  'mesh.kubernetes',
  'mesh.waypoints.run',
  'mesh.waypoints.cgroup',
  'mesh.waypoints.networkNamespace',
  'mesh.waypoints.joinRequests',
  'mesh.waypoints.program',
  'runDirectory',
  'pinDirectory',
  'objectFile',
  'systemProcesses',
];

/** The same of the collector. */
const COLLECTOR = [
  'listen',
  'data',
  'cluster',
  'web',
  'basePath',
  'trustedProxies',
  'tls.mode',
  'tls.insecure',
  'tls.certificateFile',
  'tls.keyFile',
  'tls.caFile',
  'join.kubernetes',
  'control',
];

export const settings = {
  agent: within(AgentConfig, AGENT, 'agent'),
  collector: within(CollectorConfig, COLLECTOR, 'collector'),
};

/** A schema of which nothing has to be given, without some of its settings. Throws when it has no such setting. */
function within(schema, settled, section) {
  const whole = optional(JSON.parse(JSON.stringify(schema)));
  for (const path of settled) remove(whole, path.split('.'), `${section}.${path}`);
  return {
    ...whole,
    description: `Settings of the ${section} (docs/configuration.md), but for those that the chart settles: ${settled.join(', ')}`,
  };
}

/** Defaults are the program's business: it knows them where it runs. Members of lists have to be whole. */
function optional({ required: _, default: __, properties, ...schema }) {
  if (properties === undefined) return schema;
  const open = Object.entries(properties).map(([name, member]) => [name, optional(member)]);
  return { ...schema, properties: Object.fromEntries(open) };
}

function remove(schema, [name, ...rest], path) {
  const { properties } = schema;
  if (properties?.[name] === undefined)
    throw new Error(`the chart settles ${path}: there is no such setting`);
  if (rest.length > 0) return remove(properties[name], rest, path);
  delete properties[name];
}
