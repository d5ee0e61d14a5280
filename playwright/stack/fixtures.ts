// SPDX-License-Identifier: Apache-2.0
import { test as base } from '@playwright/test';
import { Mesh } from './mesh.ts';
import { Trouble } from './trouble.ts';

export { expect } from '@playwright/test';

/** Every test fails when its page complains. */
export const quiet = base.extend<{ trouble: Trouble }>({
  trouble: [
    async ({ page }, use) => {
      const trouble = await Trouble.watch(page);
      await use(trouble);
      trouble.check();
    },
    { auto: true },
  ],
});

/** What a stack offers to tests. */
interface Stack {
  readonly url: string;
  close(): Promise<void>;
}

/** Tests against a stack that is opened for the first of them and closed after the last. */
export const withStack = <T extends Stack>(open: () => Promise<T>) =>
  quiet.extend<object, { mesh: T }>({
    mesh: [
      // biome-ignore lint/correctness/noEmptyPattern: Playwright demands a pattern.
      async ({}, use) => {
        const mesh = await open();
        await use(mesh);
        await mesh.close();
      },
      { scope: 'worker', timeout: 180_000 },
    ],
    baseURL: async ({ mesh }, use) => use(mesh.url),
  });

/** Tests against the mesh that all of them share. */
export const test = withStack(Mesh.open);
