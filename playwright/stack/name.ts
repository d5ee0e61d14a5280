// SPDX-License-Identifier: Apache-2.0

/** How every testbed of the e2e tests starts: `npm test` sweeps what begins with `undermesh-test`. */
export const NAME = 'undermesh-test-e2e';

/** The name of a testbed of this process. */
export const nameOf = (part: string): string => `${NAME}-${part}-${process.pid}`;
