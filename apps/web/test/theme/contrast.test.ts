// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** WCAG 2.2 relative luminance and contrast of the tokens as they are written. */
const css = readFileSync(new URL('../../src/styles/tokens.css', import.meta.url), 'utf8');

const paletteOf = (theme: string): Map<string, string> => {
  const block = css.slice(css.indexOf(`[data-theme="${theme}"]`)).split('}')[0] ?? '';
  return new Map(
    [...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map(([, name = '', value = '']) => [name, value]),
  );
};

const luminance = (hex: string): number => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (a: string, b: string): number => {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
};
/** `hue` at `share` over `ground`, as `color-mix(in srgb, hue share, transparent)` is seen. */
const over = (hue: string, ground: string, share: number): string =>
  `#${[1, 3, 5]
    .map((at) => {
      const mixed =
        Number.parseInt(hue.slice(at, at + 2), 16) * share +
        Number.parseInt(ground.slice(at, at + 2), 16) * (1 - share);
      return Math.round(mixed).toString(16).padStart(2, '0');
    })
    .join('')}`;

const GROUNDS = ['bg-0', 'bg-1', 'bg-2'];
const TEXTS = [
  'text-1',
  'text-2',
  'text-3',
  'accent',
  'ok',
  'warn',
  'crit',
  'unk',
  'e-kernel',
  'e-dual',
  'e-way',
  'e-cut',
  'e-off',
];
const GRAPHICS = ['line-3', 'edge', 't-net', 't-app', 't-queue', 'ok', 'warn', 'crit', 'unk', 'accent'];

describe.each([
  ['dark', 0.12],
  ['light', 0.08],
])('%s', (theme, tint) => {
  const palette = paletteOf(theme);
  const colour = (name: string): string => {
    const value = palette.get(name);
    if (value === undefined) throw new Error(`--${name} is not in ${theme}`);
    return value;
  };

  it.each(TEXTS.flatMap((text) => [...GROUNDS, 'bg-sel'].map((ground) => [text, ground])))(
    'text %s on %s is at least 4.5:1',
    (text, ground) => expect(contrast(colour(text), colour(ground))).toBeGreaterThanOrEqual(4.5),
  );

  it.each(['text-1', 'text-2'])('%s stays readable on a hovered row', (text) => {
    expect(contrast(colour(text), colour('bg-3'))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(['warn', 'crit', 'unk'])('text on a %s banner is at least 4.5:1', (hue) => {
    const ground = over(colour(hue), colour('bg-0'), tint);
    for (const text of [hue, 'text-1', 'text-2'])
      expect(contrast(colour(text), ground)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(['e-kernel', 'e-dual', 'e-way', 'e-cut', 'e-off'])(
    'badge %s is at least 4.5:1 on its own tint',
    (hue) => {
      expect(contrast(colour(hue), over(colour(hue), colour('bg-1'), tint))).toBeGreaterThanOrEqual(4.5);
    },
  );

  it.each(GRAPHICS.flatMap((graphic) => ['bg-0', 'bg-1'].map((ground) => [graphic, ground])))(
    'graphic %s on %s is at least 3:1',
    (graphic, ground) => expect(contrast(colour(graphic), colour(ground))).toBeGreaterThanOrEqual(3),
  );

  it('primary buttons are readable', () => {
    expect(contrast(colour('text-inv'), colour('text-1'))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(colour('text-inv'), colour('text-2'))).toBeGreaterThanOrEqual(4.5);
  });

  it('the ramp’s luminance only ever goes one way', () => {
    const steps = Array.from({ length: 8 }, (_, index) => luminance(colour(`h${index}`)));
    const sorted = [...steps].sort((a, b) => (theme === 'dark' ? a - b : b - a));
    expect(steps).toEqual(sorted);
  });
});
