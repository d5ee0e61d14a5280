// SPDX-License-Identifier: Apache-2.0
import {
  ConnectionDetail,
  Connections,
  ConnectionsQuery,
  Edges,
  EdgesQuery,
  Node,
  Nodes,
  Routes,
  RoutesQuery,
  Status,
  Topology,
  TopologyQuery,
} from './api/index.js';
import { Changes, ChangesQuery } from './changes.js';
import { BrowserSession, EngineOrder, Engines, NodeEngine } from './engines.js';
import { AgentMember, AgentMembers, Invitation } from './joining.js';
import { Latency, LatencyConnections, LatencyConnectionsQuery, LatencyQuery } from './latency.js';
import { Support } from './support.js';

/** Everything in one place, for the OpenAPI document: path, query and answer of each route. */
export const ROUTES = {
  status: { path: '/api/v1/status', answer: Status },
  topology: { path: '/api/v1/topology', query: TopologyQuery, answer: Topology },
  edges: { path: '/api/v1/edges', query: EdgesQuery, answer: Edges },
  latency: { path: '/api/v1/latency', query: LatencyQuery, answer: Latency },
  latencyConnections: {
    path: '/api/v1/latency/connections',
    query: LatencyConnectionsQuery,
    answer: LatencyConnections,
  },
  changes: { path: '/api/v1/changes', query: ChangesQuery, answer: Changes },
  connections: { path: '/api/v1/connections', query: ConnectionsQuery, answer: Connections },
  connection: { path: '/api/v1/connections/:id', answer: ConnectionDetail },
  nodes: { path: '/api/v1/nodes', answer: Nodes },
  node: { path: '/api/v1/nodes/:name', answer: Node },
  routes: { path: '/api/v1/routes', query: RoutesQuery, answer: Routes },
  engines: { path: '/api/v1/engines', answer: Engines },
  engine: { path: '/api/v1/nodes/:name/engine', body: EngineOrder, answer: NodeEngine },
  agents: { path: '/api/v1/agents', answer: AgentMembers },
  agent: { path: '/api/v1/agents/:name', answer: AgentMember },
  invitation: { path: '/api/v1/agents/:name/invitation', answer: Invitation },
  support: { path: '/api/v1/support', answer: Support },
  session: { path: '/api/v1/session', answer: BrowserSession },
} as const;
