// SPDX-License-Identifier: Apache-2.0
import { defaultExclude, defineConfig } from 'vitest/config';

export default defineConfig({
  // Most of these tests are whole meshes: one file after the other, and not more at a time than two cores carry.
  test: {
    fileParallelism: false,
    maxConcurrency: 3,
    // The state directory holds roots of images, at times with /proc mounted, which leads everywhere.
    exclude: [...defaultExclude, '**/.undermesh/**'],
  },
});
