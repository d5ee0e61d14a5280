// SPDX-License-Identifier: Apache-2.0
import type { ConnectionsQuery } from '@undermesh/schema';
import { CLOSE_REASON_NAMES, reasonWords } from './words';

/** Filters of the connections page. In the URL: one parameter per key, values joined by commas; switched-off ones in `off`. */

export const FILTER_KEYS = [
  'source',
  'destination',
  'workload',
  'namespace',
  'node',
  'port',
  'address',
  'process',
  'reason',
] as const;
export type FilterKey = (typeof FILTER_KEYS)[number];

export interface Filter {
  key: FilterKey;
  value: string;
  disabled: boolean;
}

const isKey = (text: string): text is FilterKey => (FILTER_KEYS as readonly string[]).includes(text);
const valuesOf = (text: string | null): string[] => (text ?? '').split(',').filter((value) => value !== '');

/** What the URL says, in a fixed order of keys. */
export const filtersOf = (parameters: URLSearchParams): Filter[] => {
  const on = FILTER_KEYS.flatMap((key) =>
    valuesOf(parameters.get(key)).map((value) => ({ key, value, disabled: false })),
  );
  const off = valuesOf(parameters.get('off')).flatMap((text) => {
    const at = text.indexOf(':');
    const key = text.slice(0, at);
    return at > 0 && isKey(key) ? [{ key, value: text.slice(at + 1), disabled: true }] : [];
  });
  return [...on, ...off];
};

/** The parameters that say these filters; keys without any are `null`, which removes them. */
export const filterParameters = (filters: readonly Filter[]): Record<FilterKey | 'off', string | null> => {
  const said = (key: FilterKey): string | null => {
    const values = filters
      .filter((filter) => filter.key === key && !filter.disabled)
      .map(({ value }) => value);
    return values.length === 0 ? null : [...new Set(values)].join(',');
  };
  const off = filters.filter((filter) => filter.disabled).map(({ key, value }) => `${key}:${value}`);
  return {
    ...(Object.fromEntries(FILTER_KEYS.map((key) => [key, said(key)])) as Record<FilterKey, string | null>),
    off: off.length === 0 ? null : off.join(','),
  };
};

/** The API's query for the filters that are on. */
export const filterQuery = (filters: readonly Filter[]): Partial<Pick<ConnectionsQuery, FilterKey>> =>
  Object.fromEntries(
    Object.entries(filterParameters(filters)).filter(([key, value]) => key !== 'off' && value !== null),
  );

const same = (a: Filter, b: Pick<Filter, 'key' | 'value'>): boolean => a.key === b.key && a.value === b.value;

export const addFilter = (filters: readonly Filter[], added: Pick<Filter, 'key' | 'value'>): Filter[] => [
  ...filters.filter((filter) => !same(filter, added)),
  { key: added.key, value: added.value, disabled: false },
];
export const removeFilter = (filters: readonly Filter[], removed: Filter): Filter[] =>
  filters.filter((filter) => !same(filter, removed));
export const toggleFilter = (filters: readonly Filter[], toggled: Filter): Filter[] =>
  filters.map((filter) => (same(filter, toggled) ? { ...filter, disabled: !filter.disabled } : filter));

/** How a value reads on its chip. */
export const filterText = ({ key, value }: Pick<Filter, 'key' | 'value'>): string =>
  key === 'reason' ? reasonWords(value as Parameters<typeof reasonWords>[0]) : value;

/** Names that can be suggested, by what they are. */
export interface KnownValues {
  workloads: readonly string[];
  namespaces: readonly string[];
  nodes: readonly string[];
}

/** What typed text can mean, likeliest first: `source pay`, `port:8443`, `10.4.1.17`, `pay`. At most `limit`. */
export const suggestFilters = (
  typed: string,
  known: KnownValues,
  limit = 8,
): Pick<Filter, 'key' | 'value'>[] => {
  const text = typed.trim();
  if (text === '' || text.includes(',')) return [];
  const [, head = '', tail = ''] = /^([a-z]+)\s*[:=\s]\s*(.*)$/i.exec(text) ?? [];
  const key = head.toLowerCase();
  if (isKey(key)) {
    const matching = candidates(key, known).filter(
      ({ value, words }) => includes(value, tail) || includes(words, tail),
    );
    const found = matching.map(({ value }) => ({ key, value }));
    const exact = matching.some(({ value }) => value === tail);
    return [...(tail !== '' && !exact && key !== 'reason' ? [{ key, value: tail }] : []), ...found].slice(
      0,
      limit,
    );
  }
  if (/^\d{1,5}$/.test(text)) return [{ key: 'port', value: text }];
  if (/^[0-9a-f.:]*[.:][0-9a-f.:]*$/i.test(text)) return [{ key: 'address', value: text }];
  const names = known.workloads.filter((name) => includes(name, text));
  const found: Pick<Filter, 'key' | 'value'>[] = [
    ...names
      .slice(0, 2)
      .flatMap((value) =>
        (['destination', 'source', 'workload'] as const).map((one) => ({ key: one, value })),
      ),
    ...known.namespaces
      .filter((name) => includes(name, text))
      .map((value) => ({ key: 'namespace' as const, value })),
    ...known.nodes.filter((name) => includes(name, text)).map((value) => ({ key: 'node' as const, value })),
    ...candidates('reason', known)
      .filter(({ value, words }) => includes(value, text) || includes(words, text))
      .map(({ value }) => ({ key: 'reason' as const, value })),
  ];
  return [...found, { key: 'process' as const, value: text }].slice(0, limit);
};

const includes = (value: string, part: string): boolean => value.toLowerCase().includes(part.toLowerCase());

const candidates = (key: FilterKey, known: KnownValues): { value: string; words: string }[] => {
  const plain = (values: readonly string[]) => values.map((value) => ({ value, words: value }));
  switch (key) {
    case 'source':
    case 'destination':
    case 'workload':
      return plain(known.workloads);
    case 'namespace':
      return plain(known.namespaces);
    case 'node':
      return plain(known.nodes);
    case 'reason':
      return CLOSE_REASON_NAMES.map((value) => ({ value, words: reasonWords(value) }));
    case 'port':
    case 'address':
    case 'process':
      return [];
  }
};
