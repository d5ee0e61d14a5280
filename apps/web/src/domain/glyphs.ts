// SPDX-License-Identifier: Apache-2.0
/**
 * Glyphs as plain shapes in a 14 × 14 box, so that the page (SVG) and the canvas (ECharts) draw the same ones.
 * Engines: the line is the kernel boundary, the dot is where traffic is steered.
 */

/** `ground` is cut out of the glyph: it takes the colour of what lies behind. */
type Ink = 'ink' | 'ground';

export type GlyphShape =
  | {
      kind: 'line';
      points: readonly (readonly [number, number])[];
      width: number;
      dash?: readonly number[];
      ink?: Ink;
    }
  | { kind: 'circle'; cx: number; cy: number; r: number; width?: number; dash?: readonly number[]; ink?: Ink }
  | {
      kind: 'polygon';
      points: readonly (readonly [number, number])[];
      filled: boolean;
      width?: number;
      ink?: Ink;
    }
  | { kind: 'path'; d: string; width: number; opacity?: number };

export const GLYPH_BOX = 14;

export type EngineMark = 'kernel-native' | 'dual-engine' | 'off' | 'waypoint' | 'short-cut';

export const ENGINE_GLYPHS: Record<EngineMark, readonly GlyphShape[]> = {
  'kernel-native': [
    {
      kind: 'line',
      points: [
        [1, 3.2],
        [13, 3.2],
      ],
      width: 1.6,
    },
    { kind: 'circle', cx: 7, cy: 9.1, r: 3.1 },
  ],
  'dual-engine': [
    {
      kind: 'line',
      points: [
        [1, 7],
        [13, 7],
      ],
      width: 1.5,
    },
    { kind: 'circle', cx: 7, cy: 2.7, r: 1.9, width: 1.4 },
    { kind: 'circle', cx: 7, cy: 11.2, r: 2.4 },
  ],
  off: [
    {
      kind: 'line',
      points: [
        [1, 11.2],
        [13, 11.2],
      ],
      width: 1.6,
      dash: [2.2, 2.2],
    },
    { kind: 'circle', cx: 7, cy: 4.8, r: 2.9, width: 1.5 },
  ],
  waypoint: [
    {
      kind: 'polygon',
      points: [
        [7, 1.3],
        [12.7, 7],
        [7, 12.7],
        [1.3, 7],
      ],
      filled: false,
      width: 1.5,
    },
    { kind: 'circle', cx: 7, cy: 7, r: 1.5 },
  ],
  'short-cut': [
    {
      kind: 'line',
      points: [
        [1, 3.2],
        [13, 3.2],
      ],
      width: 1.6,
    },
    { kind: 'path', d: 'M3 3.4v2.8a4 4 0 0 0 8 0V3.4', width: 1.6 },
  ],
};

/** CSS custom property (without `--`) of an engine's hue. */
export const ENGINE_TOKEN: Record<EngineMark, string> = {
  'kernel-native': 'e-kernel',
  'dual-engine': 'e-dual',
  off: 'e-off',
  waypoint: 'e-way',
  'short-cut': 'e-cut',
};

export type StatusKind = 'ok' | 'warn' | 'crit' | 'unk' | 'run';

export const STATUS_GLYPHS: Record<StatusKind, readonly GlyphShape[]> = {
  ok: [
    { kind: 'circle', cx: 7, cy: 7, r: 5.4, width: 1.4 },
    {
      kind: 'line',
      points: [
        [4.6, 7.2],
        [6.3, 8.9],
        [9.5, 5.3],
      ],
      width: 1.5,
    },
  ],
  warn: [
    {
      kind: 'polygon',
      points: [
        [7, 1.6],
        [13, 12.2],
        [1, 12.2],
      ],
      filled: true,
      width: 1.2,
    },
    {
      kind: 'line',
      points: [
        [7, 5.4],
        [7, 8.6],
      ],
      width: 1.5,
      ink: 'ground',
    },
    {
      kind: 'line',
      points: [
        [7, 10],
        [7, 11.2],
      ],
      width: 1.5,
      ink: 'ground',
    },
  ],
  crit: [
    {
      kind: 'polygon',
      points: [
        [4.3, 1],
        [9.7, 1],
        [13, 4.3],
        [13, 9.7],
        [9.7, 13],
        [4.3, 13],
        [1, 9.7],
        [1, 4.3],
      ],
      filled: true,
    },
    {
      kind: 'line',
      points: [
        [4.8, 4.8],
        [9.2, 9.2],
      ],
      width: 1.5,
      ink: 'ground',
    },
    {
      kind: 'line',
      points: [
        [9.2, 4.8],
        [4.8, 9.2],
      ],
      width: 1.5,
      ink: 'ground',
    },
  ],
  unk: [{ kind: 'circle', cx: 7, cy: 7, r: 5.4, width: 1.4, dash: [2.4, 2] }],
  run: [
    { kind: 'path', d: 'M12.3 7a5.3 5.3 0 1 1-10.6 0a5.3 5.3 0 0 1 10.6 0', width: 1.8, opacity: 0.28 },
    { kind: 'path', d: 'M7 1.7a5.3 5.3 0 0 1 5.3 5.3', width: 1.8 },
  ],
};
