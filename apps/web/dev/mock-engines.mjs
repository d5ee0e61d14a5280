// SPDX-License-Identifier: Apache-2.0
/** Invented engines: every state that the engines page can show, and orders that are carried out after a second. */
import { CHANGE_TIMES, iso, silentNodes, worldOf } from './mock-world.mjs';

const MODES = [
  ['eu-1a-01', 'dual-engine', {}],
  ['eu-1a-02', 'kernel-native', { drains: ['dual-engine', 418], set: 119 }],
  ['eu-1a-03', 'dual-engine', {}],
  ['eu-1b-01', 'kernel-native', { observed: 'dual-engine', state: 'switching', set: 119 }],
  ['eu-1b-02', 'dual-engine', {}],
  [
    'eu-1b-03',
    'dual-engine',
    { observed: 'off', state: 'drift', drift: 'connect4 was detached from /shop/front' },
  ],
  ['eu-1c-01', 'dual-engine', {}],
  [
    'eu-1c-02',
    'kernel-native',
    { observed: 'dual-engine', state: 'unavailable', no: 'the module is not signed for this kernel' },
  ],
  ['eu-pay-01', 'dual-engine', { label: true, no: 'the kernel is 6.1: the module needs 6.12' }],
  ['eu-pay-02', 'dual-engine', { label: true, no: 'the kernel is 6.1: the module needs 6.12' }],
  [
    'eu-pay-03',
    'dual-engine',
    { label: true, state: 'silent', no: 'the kernel is 6.1: the module needs 6.12' },
  ],
  ['eu-pay-04', 'off', { config: true, no: 'the kernel is 6.1: the module needs 6.12' }],
];
const SHOP = [
  ['shop-1', 'dual-engine', { set: 119, drains: ['off', 34] }],
  ['shop-2', 'dual-engine', { set: 117 }],
  ['shop-3', 'off', { config: true }],
];
const HOOKS = ['connect4', 'connect6', 'getpeername4', 'getpeername6', 'sendmsg4', 'sendmsg6', 'recvmsg4'];
/** When #119 was ordered. */
const setAt = () => CHANGE_TIMES[118] + 20_000;
const OPEN = 1206;
const DRAINED_MS = 90_000;
const SWITCHED_MS = 900;

/** Orders that were given here: engine and reason by node. */
const ordered = new Map();
const log = [];

const rowsOf = (state) =>
  state === 'modes'
    ? MODES
    : state === 'many'
      ? worldOf(state).nodes.map((node, i) => [node, ['off', 'dual-engine', 'kernel-native'][i % 3], {}])
      : SHOP;

const engineOf = ([node, desired, more], now, state) => {
  const order = ordered.get(node);
  const silent = more.state === 'silent' || silentNodes(state).includes(node);
  const { config = false, label = false } = more;
  const base = {
    desired,
    observed: more.observed ?? desired,
    generation: config ? 0 : 3,
    state: silent ? 'silent' : (more.state ?? 'in-force'),
    stateSince: iso(now - 190_000),
    detail: more.state === 'unavailable' ? more.no : null,
    setBy: config ? 'config' : label ? 'label' : 'api',
    who: config ? null : label ? 'label' : 'm.chen',
    since: config ? null : iso(more.set === 119 ? setAt() : CHANGE_TIMES[112]),
    reason: config || label ? null : 'take load off the waypoint',
    change: config ? null : (more.set ?? 112),
    switchMs: config ? null : 84,
    drift:
      more.drift === undefined
        ? []
        : [
            { what: more.drift, since: iso(now - 190_000), mended: false },
            { what: 'slots: one entry was not ours', since: iso(now - 240_000), mended: true },
          ],
    unavailable: more.no === undefined ? {} : { 'kernel-native': more.no },
    connections: silent ? null : OPEN - (more.drains?.[1] ?? 0),
    draining:
      more.drains === undefined
        ? []
        : [{ generation: 2, engine: more.drains[0], connections: more.drains[1] }],
    hooks:
      desired === 'off'
        ? []
        : HOOKS.map((name, i) => ({ name, expected: 4, attached: more.drift && i === 0 ? 3 : 4 })),
  };
  if (order === undefined) return base;
  const age = now - order.at;
  const left = Math.max(0, Math.round(OPEN * Math.exp((-3 * age) / DRAINED_MS)) - 60);
  return {
    ...base,
    desired: order.engine,
    observed: age < SWITCHED_MS ? base.observed : order.engine,
    generation: base.generation + order.times,
    state: age < SWITCHED_MS ? 'switching' : 'in-force',
    stateSince: iso(order.at),
    setBy: 'api',
    who: 'operator',
    since: iso(order.at),
    reason: order.reason,
    change: order.change,
    switchMs: age < SWITCHED_MS ? null : 61,
    drift: [],
    connections: age < SWITCHED_MS ? OPEN : OPEN - left,
    draining:
      age < SWITCHED_MS || left === 0
        ? []
        : [{ generation: base.generation, engine: order.before, connections: left }],
    hooks: order.engine === 'off' ? [] : HOOKS.map((name) => ({ name, expected: 4, attached: 4 })),
  };
};

export const engines = (now, state) => ({
  items: rowsOf(state).map((row) => {
    const [node, , { label = false }] = row;
    const engine = engineOf(row, now, state);
    const silent = engine.state === 'silent';
    return {
      node,
      state: silent ? 'silent' : 'reporting',
      lastSeenAt: iso(silent ? now - 252_000 : now - 400),
      labels: label ? { 'undermesh.io/engine': engine.desired } : {},
      engine,
    };
  }),
  next: null,
  chain: { verifiedTo: 119 + log.length, breaks: [] },
});

/** The engine of one node, for /nodes. */
export const engineOfNode = (node, now, state) =>
  engines(now, state).items.find((one) => one.node === node)?.engine ??
  engines(now, 'normal').items[2].engine;

/** PUT /nodes/{name}/engine: the new engine, or a problem as [status, code, title]. */
export const order = (node, { engine, reason = '' }, now, state) => {
  const row = rowsOf(state).find(([name]) => name === node);
  if (row === undefined) return [404, 'not_found', `There is no node ${node}.`];
  if (row[2].label) return [409, 'engine_labelled', `The label undermesh.io/engine of ${node} decides.`];
  if (reason === '') return [422, 'reason_required', 'Say why: the reason goes into the change log.'];
  const before = engineOf(row, now, state).observed;
  const change = 120 + log.length;
  const times = (ordered.get(node)?.times ?? 0) + 1;
  ordered.set(node, { engine, reason, before, change, times, at: now });
  log.unshift({
    number: change,
    time: iso(now),
    kind: 'engine_set',
    subject: node,
    before,
    after: engine,
    order: { generation: 3 + times, setBy: 'api', who: 'operator', reason },
  });
  return engineOf(row, now, state);
};

const ROW = (number, seconds, kind, subject, more = {}) => ({
  number,
  time: iso(setAt() - seconds * 1000),
  kind,
  subject,
  before: null,
  after: null,
  ...more,
});
const by = (who, reason, setBy = 'api') => ({ order: { generation: 3, setBy, who, reason } });

/** Changes of engines, newest first. */
export const engineChanges = (now, state) => {
  const [first, second] = rowsOf(state);
  return [
    ...log,
    ROW(119, 0, 'engine_set', (state === 'modes' ? second : first)[0], {
      before: state === 'modes' ? 'dual-engine' : 'off',
      after: state === 'modes' ? 'kernel-native' : 'dual-engine',
      ...by('m.chen', 'take load off the waypoint'),
    }),
    ...(state === 'modes'
      ? [
          ROW(115, 190, 'engine_drifted', 'eu-1b-03', { detail: 'connect4 was detached from /shop/front' }),
          ROW(114, 4000, 'engine_refused', 'eu-1c-02', {
            after: 'kernel-native',
            detail: 'the module is not signed for this kernel',
          }),
          ROW(113, 6000, 'engine_set', 'eu-pay-01', {
            before: 'off',
            after: 'dual-engine',
            ...by('label', '', 'label'),
          }),
          ROW(111, 9000, 'engine_mended', 'eu-1b-03', { detail: 'slots: one entry was not ours' }),
        ]
      : []),
  ].filter(({ time }) => Date.parse(time) <= now);
};
