// SPDX-License-Identifier: Apache-2.0
import { type Element, Z } from './elements';
import type { SceneContext } from './scene';

/** Namespaces: a quiet plate and its name. The outside is dashed and has no ground. */
export function plateElements(context: SceneContext): Element[][] {
  const { tokens, layout, detail, scale } = context;
  return layout.plates.map((plate) => {
    const { x, y, width, height } = plate;
    const elements: Element[] = [
      {
        type: 'rect',
        z2: Z.plate,
        shape: { x, y, width, height, r: 10 },
        style: {
          fill: plate.external ? null : tokens.group,
          stroke: tokens['line-2'],
          lineWidth: 1 / scale,
          lineDash: plate.external ? [4 / scale, 4 / scale] : null,
        },
      },
    ];
    const name = plate.name.replace(/ ←$/, '');
    // from afar the namespaces are what can be read
    const size =
      detail === 'full'
        ? 11.5
        : detail === 'names'
          ? Math.min(20, 11.5 / scale)
          : Math.min(13 / scale, width / (0.62 * Math.max(6, name.length)), height * 0.6);
    elements.push({
      type: 'text',
      z2: detail === 'bare' ? Z.label : Z.plate + 1,
      style: {
        text: name,
        x: detail === 'bare' ? x + width / 2 : x + 12,
        y: detail === 'bare' ? y + height / 2 : y + 15,
        fill: detail === 'bare' ? tokens['text-1'] : tokens['text-3'],
        font: `${detail === 'bare' ? 600 : 500} ${size.toFixed(1)}px ${tokens.sans}`,
        align: detail === 'bare' ? 'center' : 'left',
        verticalAlign: 'middle',
        ...(detail === 'bare' ? { stroke: tokens['bg-0'], lineWidth: size / 4 } : {}),
      },
    });
    return elements;
  });
}
