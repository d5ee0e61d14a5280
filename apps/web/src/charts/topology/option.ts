// SPDX-License-Identifier: Apache-2.0
import type { EChartsOption } from 'echarts';
import type { Item } from './scene';

/** Hidden value axes that fill the canvas: cards, ports and glyphs are exact in px. Set once. */
export const MAP_BASE: EChartsOption = {
  animation: false,
  backgroundColor: 'transparent',
  grid: { left: 0, right: 0, top: 0, bottom: 0 },
  xAxis: { show: false, type: 'value', min: 0, max: 1 },
  yAxis: { show: false, type: 'value', min: 0, max: 1 },
};

/** The scene as one custom series. Items keep their element by id, so that only what changed is touched. */
export const mapOption = (items: readonly Item[]): EChartsOption => ({
  series: [
    {
      id: 'map',
      type: 'custom',
      coordinateSystem: 'cartesian2d',
      clip: false,
      silent: true,
      animation: false,
      data: items.map(({ id }) => ({ id, name: id, value: [0, 0] })),
      renderItem: (params) => ({
        type: 'group',
        name: items[params.dataIndex]?.id ?? '',
        silent: true,
        // the registered shape is not in the library's own list of types
        children: (items[params.dataIndex]?.elements ?? []) as never[],
      }),
    },
  ],
});
