// SPDX-License-Identifier: Apache-2.0
import { BASE_PATH } from '@/environment';

/** A path of the collector, of a page or of its API, as browsers ask for it: below the base path. */
export const atCollector = (path: string): string => BASE_PATH + path;
