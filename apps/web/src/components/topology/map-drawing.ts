// SPDX-License-Identifier: Apache-2.0
import { type EChartsType, graphic } from 'echarts/core';
import { init } from '@/charts/echarts';
import type { Camera } from '@/charts/topology/camera';
import { changedItems } from '@/charts/topology/changes';
import { EDGE_SHAPE } from '@/charts/topology/elements';
import { MAP_BASE, mapOption } from '@/charts/topology/option';
import type { Item } from '@/charts/topology/scene';
import type { Path } from '@/domain/layout/types';

/** What the drawing needs of a node in the canvas library's tree. */
interface TreeNode {
  name?: string;
  parent?: TreeNode | null;
  attr(values: object): void;
  setStyle?(values: object): void;
  children?(): TreeNode[];
}

let registered = false;
function register(): void {
  if (registered) return;
  registered = true;
  const shape = graphic.extendShape({
    shape: { path: [] as Path },
    buildPath(context: CanvasRenderingContext2D, { path }: { path: Path }) {
      context.moveTo(path[0] ?? 0, path[1] ?? 0);
      for (let i = 2; i + 5 < path.length; i += 6) {
        context.bezierCurveTo(
          path[i] ?? 0,
          path[i + 1] ?? 0,
          path[i + 2] ?? 0,
          path[i + 3] ?? 0,
          path[i + 4] ?? 0,
          path[i + 5] ?? 0,
        );
      }
    },
  });
  graphic.registerShape(EDGE_SHAPE, shape as unknown as Parameters<typeof graphic.registerShape>[1]);
}

/** From this many elements on, a moving picture is the last one moved, painted anew when it rests. */
const HEAVY = 700;
/** Painted beyond the edges of a heavy picture, so that little is missing while it moves. */
const MARGIN = 220;
const REST_MS = 110;

/**
 * The canvas of the map. The camera moves the series' root, so that panning paints but never lays out; a heavy picture is
 * moved as a whole by the compositor until it rests.
 */
export class MapDrawing {
  readonly #box: HTMLElement;
  readonly #stage: HTMLElement;
  readonly #chart: EChartsType;
  #camera: Camera = { x: 0, y: 0, scale: 1 };
  /** As it was painted last. */
  #painted: Camera = this.#camera;
  #root: TreeNode | null = null;
  #items: readonly Item[] = [];
  /** Came while the picture was moving. */
  #waiting: readonly Item[] | null = null;
  #margin = 0;
  #rest: ReturnType<typeof setTimeout> | null = null;

  constructor(box: HTMLElement) {
    register();
    this.#box = box;
    this.#stage = document.createElement('div');
    Object.assign(this.#stage.style, { position: 'absolute', inset: '0', transformOrigin: '0 0' });
    box.append(this.#stage);
    this.#chart = init(this.#stage, null, { renderer: 'canvas' });
    this.#chart.setOption(MAP_BASE);
  }

  /** Shows a scene. Where only figures changed, only the elements that differ are touched. */
  draw(items: readonly Item[]): void {
    if (this.#rest !== null) {
      this.#waiting = items;
      return;
    }
    const heavy = items.reduce((sum, item) => sum + item.elements.length, 0) > HEAVY;
    if (heavy !== this.#margin > 0) {
      this.#margin = heavy ? MARGIN : 0;
      this.#stage.style.inset = `${-this.#margin}px`;
      this.#chart.resize();
    }
    const changed = changedItems(this.#items, items);
    if (changed === null || !this.#patch(changed)) {
      this.#chart.setOption(mapOption(items), { lazyUpdate: false, silent: true });
      this.#root = null;
    }
    this.#items = items;
    this.#paint();
  }

  #patch(changed: readonly Item[]): boolean {
    if (changed.length === 0) return true;
    const groups = new Map<string, TreeNode>();
    for (const group of this.#root?.children?.() ?? []) if (group.name) groups.set(group.name, group);
    for (const { id, elements } of changed) {
      const nodes = groups.get(id)?.children?.();
      if (nodes?.length !== elements.length) return false;
      elements.forEach((element, i) => {
        const { style, ...rest } = element;
        nodes[i]?.attr({ z2: rest.z2, ...('shape' in rest ? { shape: rest.shape } : {}) });
        nodes[i]?.setStyle?.(style);
      });
    }
    return true;
  }

  /** Looks at another place. `moving`: more of the kind will follow at once. */
  look(camera: Camera, { moving = false } = {}): void {
    this.#camera = camera;
    if (!moving || this.#margin === 0) {
      this.#paint();
      return;
    }
    const from = this.#painted;
    const ratio = camera.scale / from.scale;
    const x = camera.x - from.x * ratio;
    const y = camera.y - from.y * ratio;
    if (Math.max(Math.abs(x), Math.abs(y)) > MARGIN && ratio === 1) {
      this.#paint();
      return;
    }
    // the stage starts a margin before the box
    const shift = this.#margin * (1 - ratio);
    this.#stage.style.transform = `translate(${x + shift}px, ${y + shift}px) scale(${ratio})`;
    if (this.#rest !== null) clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#paint(), REST_MS);
  }

  resize(): void {
    this.#chart.resize();
    this.#paint();
  }

  dispose(): void {
    if (this.#rest !== null) clearTimeout(this.#rest);
    this.#chart.dispose();
    this.#stage.remove();
  }

  get box(): HTMLElement {
    return this.#box;
  }

  #paint(): void {
    if (this.#rest !== null) clearTimeout(this.#rest);
    this.#rest = null;
    const zr = this.#chart.getZr();
    if (this.#root === null) {
      let node = zr.storage.getDisplayList(true)[0] as unknown as TreeNode | undefined;
      while (node?.parent) node = node.parent;
      this.#root = node ?? null;
    }
    const { x, y, scale } = this.#camera;
    this.#root?.attr({ x: x + this.#margin, y: y + this.#margin, scaleX: scale, scaleY: scale });
    this.#painted = this.#camera;
    zr.refreshImmediately();
    this.#stage.style.transform = '';
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting !== null) this.draw(waiting);
  }
}
