// SPDX-License-Identifier: Apache-2.0
/** Web Worker entry: one question, one answer, in order. */
import { layOut } from './layout';
import type { Layout, LayoutInput, Placement } from './types';

export interface LayoutQuestion {
  id: number;
  input: LayoutInput;
  previous: Placement | null;
}

export interface LayoutAnswer {
  id: number;
  layout: Layout;
  /** How long it took, in milliseconds. */
  took: number;
}

interface Scope {
  onmessage: ((event: { data: LayoutQuestion }) => void) | null;
  postMessage(answer: LayoutAnswer): void;
}

const scope = globalThis as unknown as Scope;
scope.onmessage = ({ data: { id, input, previous } }) => {
  const start = performance.now();
  const layout = layOut(input, previous);
  scope.postMessage({ id, layout, took: performance.now() - start });
};
