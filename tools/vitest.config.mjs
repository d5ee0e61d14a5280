// SPDX-License-Identifier: Apache-2.0
import { defaultExclude, defineConfig } from 'vitest/config';

/** Tests that run side by side within their file, or look at the clock. */
const ALONE = ['faults', 'latency', 'road'].map((name) => `test/${name}.test.mjs`);

// Most of these tests are whole meshes, which wait as much as they compute.
export default defineConfig({
  test: {
    // Not more meshes at a time than two cores carry.
    maxConcurrency: 3,
    projects: [
      {
        extends: true,
        test: {
          name: 'in pairs',
          // The state directory holds roots of images, at times with /proc mounted, which leads everywhere.
          exclude: [...defaultExclude, '**/.undermesh/**', ...ALONE],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: ALONE, fileParallelism: false, sequence: { groupOrder: 2 } },
      },
    ],
  },
});
