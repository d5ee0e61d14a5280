// SPDX-License-Identifier: Apache-2.0

/**
 * The path below which the collector serves the dashboard and the API, without a slash at its end: '' or e.g. `/mesh`.
 * Built in as a placeholder, which the collector replaces.
 */
export const BASE_PATH = process.env.NEXT_PUBLIC_BASE_PATH ?? '';
