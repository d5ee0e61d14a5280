// SPDX-License-Identifier: Apache-2.0
// Vertices and edges of an invented mesh.
import { splitOf } from './mock-http.mjs';
import { addTraffic, EMPTY_TRAFFIC, seriesOf, trafficOf, windowOf } from './mock-traffic.mjs';
import { CHANGE_TIMES, edgeOf, httpOf, iso, isPartial, SILENT, silentNodes, worldOf } from './mock-world.mjs';

export const vertexKey = (level, workload) =>
  level === 'namespace'
    ? `namespace/${workload.namespace}`
    : level === 'node'
      ? `node/${workload.node ?? 'outside'}`
      : level === 'service'
        ? `service/${workload.namespace}/${workload.name}`
        : `workload/${workload.namespace}/${workload.name}${workload.version === null ? '' : `/${workload.version}`}`;
const vertexName = (level, workload) =>
  level === 'namespace'
    ? workload.namespace
    : level === 'node'
      ? (workload.node ?? 'outside')
      : workload.name;
const WORST = ['failing', 'warning', 'unknown', 'ok'];
const worst = (a, b) => (WORST.indexOf(a) <= WORST.indexOf(b) ? a : b);

/** Every edge at a level with its members, before any limit. */
export const edgesAt = (level, query, now, state) => {
  const world = worldOf(state);
  const window = windowOf(query, now);
  const wanted = (query.namespace ?? '').split(',').filter(Boolean);
  const found = new Map();
  for (const row of state === 'empty' ? [] : world.edges) {
    const edge = { ...edgeOf(row), http: httpOf(row, state) };
    const source = world.workloads[edge.source];
    const destination = world.workloads[edge.destination];
    if ((source.system || destination.system) && query.system !== true) continue;
    if (wanted.length > 0 && !wanted.includes(source.namespace) && !wanted.includes(destination.namespace))
      continue;
    const keys = [vertexKey(level, source), vertexKey(level, destination)];
    if (keys[0] === keys[1]) continue;
    const id = keys.join('>');
    const touched = [source.node, destination.node];
    const partial = isPartial(state) && touched.includes(SILENT);
    const share = partial ? 0.86 : 1;
    const blind = partial && source.node === SILENT && destination.node === null;
    const traffic = blind ? EMPTY_TRAFFIC() : trafficOf(edge, window.seconds, now, share);
    const old = found.get(id);
    const health = blind ? 'unknown' : edge.health;
    const one = {
      id,
      source: keys[0],
      destination: keys[1],
      sourceName: vertexName(level, source),
      destinationName: vertexName(level, destination),
      sourceNamespace: source.namespace,
      destinationNamespace: destination.namespace,
      ports: [edge.port],
      system: source.system,
      traffic,
      health,
      healthReason: blind ? 'no data for 4 min' : edge.reason,
      healthSince: edge.minutes === null || blind ? null : iso(now - edge.minutes * 60_000),
      lastFailureAt: health === 'failing' && traffic.failed.total > 0 ? iso(now) : null,
      seenBy: destination.node === null || partial ? 'source' : 'both',
      partial,
      via: null,
      leg: null,
      split:
        edge.http === null || blind
          ? null
          : splitOf([edge.http], {
              from: now - window.seconds * 1000,
              to: now,
              changeTimes: CHANGE_TIMES,
              connectUs: edge.connectUs,
              basis: destination.node === null || partial ? 'source' : 'both',
            }),
    };
    const raw = { ...edge, nodes: touched };
    if (old === undefined) found.set(id, { edge: one, raw: [raw], members: [source, destination] });
    else {
      old.raw.push(raw);
      const bad = worst(old.edge.health, one.health);
      old.edge = {
        ...old.edge,
        ports: [...new Set([...old.edge.ports, edge.port])].slice(0, 8),
        traffic: addTraffic(old.edge.traffic, traffic),
        health: bad,
        healthReason: bad === old.edge.health ? old.edge.healthReason : one.healthReason,
        healthSince: bad === old.edge.health ? old.edge.healthSince : one.healthSince,
        lastFailureAt: old.edge.lastFailureAt ?? one.lastFailureAt,
        partial: old.edge.partial || partial,
        split: old.edge.split ?? one.split,
      };
    }
  }
  return { window, found: [...found.values()] };
};

export const topology = (query, now, state) => {
  const level = query.level ?? 'workload';
  const { window, found } = edgesAt(level, query, now, state);
  const world = worldOf(state);
  const groups = new Map();
  for (const workload of state === 'empty' ? [] : world.workloads) {
    if (workload.system && query.system !== true) continue;
    const key = vertexKey(level, workload);
    const old = groups.get(key);
    if (old === undefined) groups.set(key, [workload]);
    else old.push(workload);
  }
  const ids = new Set(found.flatMap(({ edge }) => [edge.source, edge.destination]));
  const vertices = [...groups]
    .filter(([id]) => ids.has(id))
    .map(([id, members]) => {
      const first = members[0];
      const into = found.filter(({ edge }) => edge.destination === id);
      const out = found.filter(({ edge }) => edge.source === id);
      const bad = into
        .map(({ edge }) => edge)
        .sort((a, b) => WORST.indexOf(a.health) - WORST.indexOf(b.health))[0];
      const nodes = [...new Set(members.map((member) => member.node).filter((node) => node !== null))];
      const partial = nodes.some((node) => silentNodes(state).includes(node));
      return {
        id,
        level,
        kind: first.external ? 'address' : 'unit',
        name: vertexName(level, first),
        namespace: level === 'node' ? '' : first.namespace,
        version: level === 'workload' ? first.version : null,
        nodes,
        external: first.external,
        system: first.system,
        members: members.length,
        inbound: into.map(({ edge }) => edge.traffic).reduce(addTraffic, EMPTY_TRAFFIC()),
        outbound: out.map(({ edge }) => edge.traffic).reduce(addTraffic, EMPTY_TRAFFIC()),
        health: bad?.health ?? 'ok',
        healthReason: bad?.healthReason ?? null,
        partial,
      };
    });
  const maxEdges = query.maxEdges ?? 1000;
  const edges = found.map(({ edge }) => edge).sort((a, b) => b.traffic.opened - a.traffic.opened);
  const all = edges.reduce((sum, edge) => sum + edge.traffic.opened, 0);
  const hidden = edges.slice(maxEdges);
  return {
    level,
    window,
    vertices,
    edges: edges.slice(0, maxEdges),
    hidden: {
      vertices: 0,
      edges: hidden.length,
      connectionShare: all === 0 ? 0 : hidden.reduce((sum, edge) => sum + edge.traffic.opened, 0) / all,
      systemVertices: query.system === true || state === 'many' || state === 'empty' ? 0 : 2,
      systemEdges: query.system === true || state === 'many' || state === 'empty' ? 0 : 1,
      legs: 0,
    },
    missingNodes: silentNodes(state),
  };
};

/** By id, `name` or `namespace/name`; a list is joined by "or". */
export const isNamed = (wanted, id, namespace, name) =>
  wanted === undefined || wanted.split(',').some((one) => [id, name, `${namespace}/${name}`].includes(one));

export const edges = (query, now, state) => {
  const { window, found } = edgesAt(query.level ?? 'workload', query, now, state);
  const kept = found.filter(
    ({ edge }) =>
      isNamed(query.source, edge.source, edge.sourceNamespace, edge.sourceName) &&
      isNamed(query.destination, edge.destination, edge.destinationNamespace, edge.destinationName),
  );
  kept.sort((a, b) =>
    query.order === 'busiest'
      ? b.edge.traffic.opened - a.edge.traffic.opened
      : WORST.indexOf(a.edge.health) - WORST.indexOf(b.edge.health) ||
        b.edge.traffic.opened - a.edge.traffic.opened,
  );
  const limit = query.limit ?? 100;
  const start = Number(query.cursor ?? 0);
  return {
    items: kept
      .slice(start, start + limit)
      .map(({ edge, raw }) =>
        query.series === true ? { ...edge, series: seriesOf(raw, window, now, state) } : edge,
      ),
    next: kept.length > start + limit ? String(start + limit) : null,
    window,
    total: kept.map(({ edge }) => edge.traffic).reduce(addTraffic, EMPTY_TRAFFIC()),
    hiddenLegs: 0,
    totalSeries:
      query.series === true && state !== 'empty'
        ? seriesOf(
            kept.flatMap(({ raw }) => raw),
            window,
            now,
            state,
          )
        : null,
    missingNodes: silentNodes(state),
  };
};

/* connections: number k opened at k · 125 ms */
