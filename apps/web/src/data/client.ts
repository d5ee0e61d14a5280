// SPDX-License-Identifier: Apache-2.0
import type { Problem } from '@undermesh/schema';
import { atCollector } from './base-path';

/** What the API takes as query: absent values are left out. */
export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

/**
 * An answer that was not one. `status` 0: the collector could not be reached at all. `code` is stable and explained in
 * docs/errors.md.
 */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(message: string, options: { status: number; code: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'ApiError';
    this.status = options.status;
    this.code = options.code;
  }
}

/** Stable text of a path and its query: the key of whatever is shared or remembered. */
export const addressOf = (path: string, query: Query = {}): string => {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
};

const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' && value !== null && 'title' in value && 'code' in value;

/** GET of JSON under the page's own origin. Throws ApiError; aborts quietly with the signal's reason. */
export const getJson = <T>(address: string, signal?: AbortSignal): Promise<T> =>
  request<T>(address, { headers: { accept: 'application/json' } }, signal);

/** PUT of JSON, answered by JSON: what may be done is said by the session's cookie. Throws ApiError. */
export const putJson = <T>(address: string, body: object, signal?: AbortSignal): Promise<T> =>
  request<T>(
    address,
    {
      method: 'PUT',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    },
    signal,
  );

const request = async <T>(address: string, init: RequestInit, signal?: AbortSignal): Promise<T> => {
  let response: Response;
  try {
    response = await fetch(atCollector(address), {
      ...init,
      credentials: 'same-origin',
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError('The collector does not answer.', { status: 0, code: 'unreachable', cause });
  }
  if (response.ok) return (await response.json()) as T;
  const answer: unknown = await response.json().catch(() => null);
  if (isProblem(answer)) {
    throw new ApiError(answer.detail ?? answer.title, { status: response.status, code: answer.code });
  }
  throw new ApiError(`The collector answered ${response.status}.`, {
    status: response.status,
    code: `http_${response.status}`,
  });
};
