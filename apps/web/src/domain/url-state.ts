// SPDX-License-Identifier: Apache-2.0
/** The view's state lives in the query string. These are the parts that every page shares. */

export const WINDOWS = [
  { seconds: 300, label: 'Last 5 min' },
  { seconds: 900, label: 'Last 15 min' },
  { seconds: 1800, label: 'Last 30 min' },
  { seconds: 3600, label: 'Last 1 h' },
  { seconds: 10_800, label: 'Last 3 h' },
  { seconds: 43_200, label: 'Last 12 h' },
  { seconds: 86_400, label: 'Last 24 h' },
  { seconds: 604_800, label: 'Last 7 d' },
] as const;
export const DEFAULT_WINDOW = 1800;

/** Parameters that follow the reader from page to page. */
export const SHARED_PARAMETERS = ['window', 'namespace', 'system'] as const;

/** Seconds of the window asked for; anything the API would refuse becomes the default. */
export const windowOf = (parameters: URLSearchParams): number => {
  const asked = Number(parameters.get('window'));
  return Number.isInteger(asked) && asked >= 10 && asked <= 2_678_400 ? asked : DEFAULT_WINDOW;
};

export const windowLabel = (seconds: number): string =>
  WINDOWS.find((window) => window.seconds === seconds)?.label ?? `Last ${seconds} s`;

/** A comma-separated list; empty when absent. */
export const listOf = (parameters: URLSearchParams, name: string): string[] =>
  (parameters.get(name) ?? '').split(',').filter((value) => value !== '');

/** A copy with `changes` applied; `null` and '' remove. Keeps the order of what was there. */
export const withParameters = (
  parameters: URLSearchParams,
  changes: Readonly<Record<string, string | null>>,
): URLSearchParams => {
  const next = new URLSearchParams(parameters);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') next.delete(name);
    else next.set(name, value);
  }
  return next;
};

/** Readable: commas and slashes need no escaping in a query. */
export const toQuery = (parameters: URLSearchParams): string => {
  const text = parameters.toString().replaceAll('%2C', ',').replaceAll('%2F', '/').replaceAll('%3A', ':');
  return text === '' ? '' : `?${text}`;
};

/** A link to another page that keeps what is shared. */
export const linkTo = (
  path: string,
  parameters: URLSearchParams,
  extra: Readonly<Record<string, string | null>> = {},
): string => {
  const kept = new URLSearchParams();
  for (const name of SHARED_PARAMETERS) {
    const value = parameters.get(name);
    if (value !== null && value !== '') kept.set(name, value);
  }
  return path + toQuery(withParameters(kept, extra));
};

/** What is selected in the topology: `sel=vertex:<id>` or `sel=edge:<id>`. */
export interface Selection {
  kind: 'vertex' | 'edge';
  id: string;
}
export const selectionOf = (parameters: URLSearchParams): Selection | null => {
  const [, kind, id] = /^(vertex|edge):(.+)$/.exec(parameters.get('sel') ?? '') ?? [];
  return id !== undefined && (kind === 'vertex' || kind === 'edge') ? { kind, id } : null;
};
/** The parameters that select; spread into a link or into `set`. */
export const selecting = ({ kind, id }: Selection): { sel: string } => ({ sel: `${kind}:${id}` });
