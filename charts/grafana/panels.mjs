// SPDX-License-Identifier: Apache-2.0
// What our Grafana dashboards are made of. A panel says what it shows and how wide it is, of 24 columns; where it stands
// follows from the order.

/** The colours of the dashboard that Undermesh serves. */
export const COLOURS = {
  ok: '#5fc48d',
  warning: '#f2b53c',
  critical: '#ff6b5e',
  network: '#5f9bf0',
  engines: { 'kernel-native': '#45e0d2', 'dual-engine': '#a98bff', off: '#909aa5' },
};

const DATASOURCE = { type: 'prometheus', uid: '$datasource' };
const COLUMNS = 24;

/** A query. @param {string} expr @param {string} [legend] with labels in double braces */
export const query = (expr, legend = '') => ({ expr, legend });

const targets = (queries, options = {}) =>
  queries.map(({ expr, legend }, at) => ({
    refId: String.fromCharCode(65 + at),
    datasource: DATASOURCE,
    expr,
    legendFormat: legend || '__auto',
    ...options,
  }));

const steps = ([ok, warning, critical]) => ({
  mode: 'absolute',
  steps: [
    { color: ok ?? 'text', value: null },
    ...(warning === undefined ? [] : [{ color: COLOURS.warning, value: warning }]),
    ...(critical === undefined ? [] : [{ color: COLOURS.critical, value: critical }]),
  ],
});

/** Lines named so are always of one colour. */
const byName = (colours) =>
  Object.entries(colours).map(([name, color]) => ({
    matcher: { id: 'byRegexp', options: `/${name}/` },
    properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }],
  }));

/**
 * Figures over time.
 * @param {{ title: string, about?: string, unit?: string, queries: object[], width?: number, height?: number,
 *   stacked?: boolean, colours?: Record<string, string>, max?: number }} of `unit` as Grafana names it
 */
export const lines = ({
  title,
  about = '',
  unit = 'short',
  queries,
  width = 12,
  height = 8,
  stacked = false,
  colours = {},
  max,
}) => ({
  type: 'timeseries',
  title,
  description: about,
  gridPos: { w: width, h: height },
  datasource: DATASOURCE,
  targets: targets(queries),
  fieldConfig: {
    defaults: {
      unit,
      min: 0,
      ...(max === undefined ? {} : { max }),
      color: { mode: 'palette-classic' },
      custom: {
        drawStyle: 'line',
        lineWidth: 1,
        fillOpacity: stacked ? 25 : 0,
        showPoints: 'never',
        spanNulls: false, // absent is not 0, and not what was before either
        stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
      },
    },
    overrides: byName(colours),
  },
  options: {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
});

/**
 * One figure.
 * @param {{ title: string, about?: string, unit?: string, expr: string, width?: number, limits?: number[],
 *   decimals?: number }} of `limits`: from where on it is a warning, and critical
 */
export const figure = ({ title, about = '', unit = 'short', expr, width = 4, limits = [], decimals }) => ({
  type: 'stat',
  title,
  description: about,
  gridPos: { w: width, h: 4 },
  datasource: DATASOURCE,
  targets: targets([query(expr)]),
  fieldConfig: {
    defaults: {
      unit,
      ...(decimals === undefined ? {} : { decimals }),
      color: { mode: 'thresholds' },
      thresholds: steps([undefined, ...limits]),
      noValue: 'no data',
    },
    overrides: [],
  },
  options: {
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    colorMode: limits.length > 0 ? 'value' : 'none',
    graphMode: 'area',
    justifyMode: 'auto',
    textMode: 'auto',
  },
});

/**
 * Rows, worst first; each column is a query by the same labels.
 * @param {{ title: string, about?: string, labels: Record<string, string>, width?: number, height?: number,
 *   columns: { title: string, unit: string, expr: string, limits?: number[] }[] }} of
 *   `labels`: label to heading; the first column sorts
 */
export const table = ({ title, about = '', labels, columns, width = 24, height = 10 }) => ({
  type: 'table',
  title,
  description: about,
  gridPos: { w: width, h: height },
  datasource: DATASOURCE,
  targets: targets(
    columns.map(({ expr }) => query(expr)),
    { format: 'table', instant: true },
  ),
  transformations: [
    { id: 'merge', options: {} },
    {
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(
          [...Object.keys(labels), ...columns.map((_, at) => `Value #${String.fromCharCode(65 + at)}`)].map(
            (name, at) => [name, at],
          ),
        ),
        renameByName: {
          ...labels,
          ...Object.fromEntries(
            columns.map((column, at) => [`Value #${String.fromCharCode(65 + at)}`, column.title]),
          ),
        },
      },
    },
  ],
  fieldConfig: {
    defaults: { custom: { align: 'auto' }, noValue: '–' },
    overrides: columns.map((column) => ({
      matcher: { id: 'byName', options: column.title },
      properties: [
        { id: 'unit', value: column.unit },
        ...(column.limits
          ? [
              { id: 'thresholds', value: steps([undefined, ...column.limits]) },
              { id: 'custom.cellOptions', value: { type: 'color-text' } },
            ]
          : []),
      ],
    })),
  },
  options: { showHeader: true, sortBy: [{ displayName: columns[0]?.title, desc: true }] },
});

/** What is so from when to when. @param {{ title: string, about?: string, queries: object[], width?: number,
 *   height?: number, words: Record<string, { text: string, color: string }> }} of `words`: by value */
export const states = ({ title, about = '', queries, words, width = 24, height = 7 }) => ({
  type: 'state-timeline',
  title,
  description: about,
  gridPos: { w: width, h: height },
  datasource: DATASOURCE,
  targets: targets(queries),
  fieldConfig: {
    defaults: {
      mappings: [{ type: 'value', options: words }],
      color: { mode: 'thresholds' },
      thresholds: steps([undefined]),
      custom: { fillOpacity: 70, lineWidth: 0 },
    },
    overrides: [],
  },
  options: { showValue: 'auto', mergeValues: true, rowHeight: 0.8, legend: { showLegend: false } },
});

/** A heading above the panels that follow. */
export const heading = (title) => ({
  type: 'row',
  title,
  collapsed: false,
  gridPos: { w: COLUMNS, h: 1 },
  panels: [],
});

/**
 * A choice above a dashboard.
 * @param {{ name: string, label: string, of: string, from: string, one?: boolean }} of `of`: the label whose values
 *   are chosen from, `from`: the metric that bears it; `one`: exactly one is chosen
 */
export const choice = ({ name, label, of, from, one = false }) => ({
  type: 'query',
  name,
  label,
  datasource: DATASOURCE,
  definition: `label_values(${from}, ${of})`,
  query: { query: `label_values(${from}, ${of})`, refId: 'choice' },
  refresh: 2,
  sort: 1,
  multi: !one,
  includeAll: !one,
  ...(one ? {} : { allValue: '.*', current: { text: 'All', value: '$__all' } }),
});

/** Puts panels beside each other as long as there is room, then below. */
function placed(panels) {
  let [x, y, deepest] = [0, 0, 0];
  return panels.map((panel, at) => {
    const { w, h } = panel.gridPos;
    if (x + w > COLUMNS) [x, y, deepest] = [0, y + deepest, 0];
    const gridPos = { x, y, w, h };
    x += w;
    deepest = Math.max(deepest, h);
    return { id: at + 1, ...panel, gridPos };
  });
}

/**
 * A dashboard as Grafana imports it.
 * @param {{ uid: string, title: string, about: string, choices?: object[], panels: object[] }} of
 */
export const dashboard = ({ uid, title, about, choices = [], panels }) => ({
  uid: `undermesh-${uid}`,
  title: `Undermesh / ${title}`,
  description: about,
  tags: ['undermesh'],
  timezone: 'browser',
  schemaVersion: 39,
  version: 1,
  editable: true,
  graphTooltip: 1,
  refresh: '10s',
  time: { from: 'now-30m', to: 'now' },
  links: [
    {
      type: 'dashboards',
      title: 'Undermesh',
      tags: ['undermesh'],
      asDropdown: true,
      includeVars: true,
      keepTime: true,
      icon: 'external link',
      targetBlank: false,
      tooltip: '',
      url: '',
    },
  ],
  annotations: { list: [] },
  templating: {
    list: [
      {
        type: 'datasource',
        name: 'datasource',
        label: 'Data source',
        query: 'prometheus',
        refresh: 1,
        regex: '',
        current: {},
        options: [],
      },
      ...choices,
    ],
  },
  panels: placed(panels),
});
