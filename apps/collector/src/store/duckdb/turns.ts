// SPDX-License-Identifier: Apache-2.0

/** Tasks that run one after the other, in the order that they were given. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves or rejects as the task does; one that failed holds up nobody. */
  take<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(task, task);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
