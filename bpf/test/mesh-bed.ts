// SPDX-License-Identifier: Apache-2.0
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { compileFixture, sleep, TestCgroup } from './observed.js';
import { MeshProgram } from './steered.js';

interface Closable {
  close(): void;
}

/** A mesh in a cgroup and a network namespace of its own, and what a test attached to it. */
export class MeshBed {
  #program: ReturnType<typeof compileFixture> | undefined;
  #made: { readonly cgroup: TestCgroup; readonly mesh: MeshProgram } | undefined;
  #attached: Closable[] = [];

  /** Compiles the program of the mesh. */
  compile(): void {
    this.#program = compileFixture('mesh', ['-pthread']);
  }

  forget(): void {
    this.#program?.remove();
  }

  make(): void {
    const cgroup = new TestCgroup();
    this.#made = { cgroup, mesh: this.start(cgroup) };
  }

  /** Ends the mesh, then closes what was attached, the last first. */
  async remove(): Promise<void> {
    await this.mesh.end();
    for (const one of this.#attached.reverse()) one.close();
    this.#attached = [];
    await sleep(20);
    this.cgroup.remove();
  }

  get cgroup(): TestCgroup {
    return this.#present().cgroup;
  }

  get mesh(): MeshProgram {
    return this.#present().mesh;
  }

  /** Another mesh, in this cgroup; its end is up to the caller. */
  start(cgroup: TestCgroup): MeshProgram {
    if (!this.#program) throw new Error('the program of the mesh is not compiled');
    return new MeshProgram(this.#program.path, cgroup);
  }

  /** Closes it when the bed is removed. */
  attach<T extends Closable>(one: T): T {
    this.#attached.push(one);
    return one;
  }

  #present() {
    if (!this.#made) throw new Error('the bed is not made');
    return this.#made;
  }
}

/** One bed for all tests of the suite that calls this: `prepare` is given it once it is made. */
export function shareMeshBed(prepare: (bed: MeshBed) => Promise<void>): MeshBed {
  const bed = new MeshBed();
  beforeAll(() => {
    bed.compile();
    bed.make();
    return prepare(bed);
  }, 60_000);
  afterAll(async () => {
    await bed.remove();
    bed.forget();
  });
  return bed;
}

/** A bed for each test of the suite that calls this. */
export function useMeshBed(): MeshBed {
  const bed = new MeshBed();
  beforeAll(() => bed.compile());
  afterAll(() => bed.forget());
  beforeEach(() => bed.make());
  afterEach(() => bed.remove());
  return bed;
}
