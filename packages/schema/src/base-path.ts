// SPDX-License-Identifier: Apache-2.0

/**
 * What the dashboard is built with in the place of the path below which it is served: each server of it puts its own
 * there, or nothing, so that one build serves below any path. Letters and underscores only: no program that writes
 * HTML, JavaScript or JSON changes them.
 */
export const BASE_PATH_PLACEHOLDER = '/__undermesh_base_path__';

/** Text of a built file as it is served below `basePath`: `/mesh`, or '' for the root. */
export const placeAt = (text: string, basePath: string): string =>
  text.replaceAll(BASE_PATH_PLACEHOLDER, basePath);
