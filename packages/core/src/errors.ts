// SPDX-License-Identifier: Apache-2.0

/** What an {@link UndermeshError} is made of. */
export interface UndermeshErrorOptions {
  /** Stable, `snake_case`, listed in docs/errors.md. */
  readonly code: string;
  /** What was being done, to what, and what to do next. */
  readonly message: string;
  /** HTTP status where the error crosses the API; 500 unless given. */
  readonly status?: number;
  readonly cause?: unknown;
}

/** Base of all errors that people and programs are meant to read. Each app lists its codes in one catalogue. */
export class UndermeshError extends Error {
  override readonly name: string = 'UndermeshError';
  readonly code: string;
  readonly status: number;

  constructor(options: UndermeshErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.status = options.status ?? 500;
  }
}

/** The message of whatever was thrown. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
