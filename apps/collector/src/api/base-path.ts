// SPDX-License-Identifier: Apache-2.0

/** A configured base path without a slash at its end: `/mesh/` and `/mesh` become `/mesh`, `/` becomes ''. */
export const basePathOf = (configured: string): string => configured.replace(/\/+$/, '');

/**
 * The address that a request is answered under: what comes below the base path is as if it came to the root. What comes
 * past it is left as it is: agents, probes and scrapers need not know of the path.
 */
export const withoutBasePath = (url: string, basePath: string): string =>
  basePath !== '' && url.startsWith(`${basePath}/`) ? url.slice(basePath.length) : url;
