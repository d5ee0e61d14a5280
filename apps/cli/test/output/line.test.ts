// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { clip, fill, paint, widthOf, wrap } from '../../src/output/line.js';

describe('a line', () => {
  it('is coloured only where there is colour', () => {
    const line = ['plain ', { text: 'loud', style: 'red' as const }];
    expect(paint(line, false)).toBe('plain loud');
    expect(paint(line, true)).toBe('plain \x1b[31mloud\x1b[39m');
  });

  it('lets no name steer the terminal or pass for another', () => {
    const hostile = ['a\x1b[2Jb\u009b1mc\rd\u202ee\u200bf\n'];
    expect(paint(hostile, true)).toBe('a\ufffd[2Jb\ufffd1mc\ufffdd\ufffde\ufffdf\ufffd');
  });

  it('is measured in columns, not in letters', () => {
    expect(widthOf(['日本', { text: 'é' }, '👩‍👩‍👧'])).toBeGreaterThanOrEqual(5);
    expect(widthOf(['e\u0301'])).toBe(1);
  });

  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 4, 'abc…'],
    ['日本語', 4, '日…'],
    ['abcdef', 0, ''],
  ])('%s in %i columns is %s', (text, width, expected) => {
    expect(paint(clip([text], width), false)).toBe(expected);
  });

  it('keeps its style when it is cut', () => {
    expect(paint(clip([{ text: 'abcdef', style: 'dim' }, 'ghi'], 4), true)).toBe('\x1b[2mabc…\x1b[22m');
  });

  it('fills a column on the side away from its edge', () => {
    const text = (line: ReturnType<typeof fill>) =>
      line.map((one) => (typeof one === 'string' ? one : one.text));
    expect(text(fill(['ab'], 4, 'right')).join('')).toBe('  ab');
    expect(text(fill(['ab'], 4, 'left')).join('')).toBe('ab  ');
  });

  it('breaks between words', () => {
    const lines = wrap(['one two ', { text: 'three four', style: 'bold' }], 9, '  ');
    expect(lines.map((line) => paint(line, false))).toEqual(['one two', '  three', '  four']);
  });

  it('does not break inside a word that is too long', () => {
    expect(wrap(['abcdefghij k'], 4).map((line) => paint(line, false))).toEqual(['abcdefghij', 'k']);
  });
});
