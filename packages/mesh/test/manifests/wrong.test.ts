// SPDX-License-Identifier: Apache-2.0
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../src/index.js';
import { FIXTURES, meshDirectory, startedSource } from '../shop.js';

const WRONG = join(FIXTURES, 'wrong');

// The first line of each file says the one problem it is to give.
describe('a wrong manifest', () => {
  it.each(readdirSync(WRONG))(
    '%s: one clear error, and the last good configuration goes on',
    async (file) => {
      const directory = meshDirectory();
      const source = await startedSource(directory);
      const { mesh } = source.state;
      expect(source.state).toEqual({ mesh: expect.anything(), problems: [] });

      cpSync(join(WRONG, file), join(directory, file));
      await source.refresh();
      const expected = readFileSync(join(WRONG, file), 'utf8').split('\n')[0]?.replace('# ', '');
      const problems = source.state.problems.map((problem) => ({ ...problem, text: formatProblem(problem) }));
      expect(problems.map(({ text }) => text.replaceAll(`${directory}/`, ''))).toEqual([expected]);
      expect(problems[0]?.severity).toBe('error');
      expect(source.state.mesh).toBe(mesh);

      rmSync(join(directory, file));
      await source.refresh();
      expect(source.state).toEqual({ mesh, problems: [] });
      expect(source.state.mesh).toBe(mesh);
    },
  );
});
