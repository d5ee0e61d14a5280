// SPDX-License-Identifier: Apache-2.0

/** Time that frames may take of one turn of the event loop, ms. */
const TURN_MS = 5;

/**
 * Shares the event loop between frames and everybody else. A turn reads every socket that has something, and with many
 * agents that is far more than whoever asks a question should wait for. Frames are taken as they come until they have
 * used up their part of the turn; what comes on top waits for the next one, in the order that it came.
 */
export class FrameTurns {
  readonly #waiting: (() => void)[] = [];
  #spentMs = 0;
  #isTurning = false;

  /** Takes a frame; false, and nothing is done, when this turn is used up or others wait. */
  takeNow(frame: () => void): boolean {
    if (this.#waiting.length > 0 || this.#spentMs >= TURN_MS) return false;
    this.#turn();
    this.#spend(frame);
    return true;
  }

  /** Takes a frame behind those that wait. Its sender shall not be read from meanwhile. */
  takeLater(frame: () => void): void {
    this.#waiting.push(frame);
    this.#turn();
  }

  #spend(frame: () => void): void {
    const began = performance.now();
    frame();
    this.#spentMs += performance.now() - began;
  }

  /** Has the next turn begin anew. */
  #turn(): void {
    if (this.#isTurning) return;
    this.#isTurning = true;
    setImmediate(() => {
      this.#isTurning = false;
      this.#spentMs = 0;
      let taken = 0;
      while (taken < this.#waiting.length && this.#spentMs < TURN_MS) {
        const frame = this.#waiting[taken++];
        if (frame !== undefined) this.#spend(frame);
      }
      this.#waiting.splice(0, taken);
      if (taken > 0) this.#turn();
    });
  }
}
