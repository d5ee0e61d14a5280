// SPDX-License-Identifier: Apache-2.0
import { styleText } from 'node:util';
import stringWidth from 'string-width';

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

/** Text of one look. */
export interface Span {
  readonly text: string;
  readonly style?: Style | undefined;
}

/** One line of output in pieces. Names in it may come from anywhere: only {@link paint} makes it ready for a terminal. */
export type Line = readonly (string | Span)[];

/** Control and direction characters, which could steer a terminal or make a name look like another one. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text that shows what it is: what would act instead of being seen is replaced. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, '\ufffd');

const textOf = (piece: string | Span): string => printable(typeof piece === 'string' ? piece : piece.text);

/** Columns that text takes. */
export const textWidth = (text: string): number => stringWidth(text);

/** Columns that a line takes. */
export const widthOf = (line: Line): number => line.reduce((sum, piece) => sum + textWidth(textOf(piece)), 0);

/** The text that goes to the terminal, without spaces at its end; styles only where there is colour. */
export const paint = (line: Line, colour: boolean): string =>
  line
    .map((piece) => {
      const style = typeof piece === 'string' ? undefined : piece.style;
      const text = textOf(piece);
      return colour && style !== undefined && text !== ''
        ? styleText(style, text, { validateStream: false })
        : text;
    })
    .join('')
    .trimEnd();

/** A line of at most `width` columns: what is cut off shows as an ellipsis. */
export function clip(line: Line, width: number): Line {
  if (widthOf(line) <= width) return line;
  const kept: (string | Span)[] = [];
  let room = width - 1;
  for (const piece of line) {
    const style = typeof piece === 'string' ? undefined : piece.style;
    let text = '';
    let isCut = false;
    for (const character of textOf(piece)) {
      const columns = textWidth(character);
      if (columns > room) {
        isCut = true;
        break;
      }
      text += character;
      room -= columns;
    }
    kept.push({ text: isCut ? `${text}…` : text, style });
    if (isCut) break;
  }
  return width < 1 ? [] : kept;
}

/** A line of exactly `width` columns, clipped or filled with spaces on the side away from `align`. */
export function fill(line: Line, width: number, align: 'left' | 'right'): Line {
  const fitting = clip(line, width);
  const space = ' '.repeat(Math.max(0, width - widthOf(fitting)));
  return align === 'left' ? [...fitting, space] : [space, ...fitting];
}

/** Breaks a line between words into lines of at most `width` columns, the later ones set in by `indent`. */
export function wrap(line: Line, width: number, indent = ''): Line[] {
  const lines: (string | Span)[][] = [[]];
  let used = 0;
  for (const piece of line) {
    const style = typeof piece === 'string' ? undefined : piece.style;
    for (const word of textOf(piece).split(/(?<= )/)) {
      if (used > textWidth(indent) && used + textWidth(word.trimEnd()) > width) {
        lines.push([indent]);
        used = textWidth(indent);
      }
      lines.at(-1)?.push({ text: word, style });
      used += textWidth(word);
    }
  }
  return lines;
}
