// SPDX-License-Identifier: Apache-2.0
import type { Command, Option } from 'commander';

/** What may stand where the cursor is. */
export type Place =
  | { readonly type: 'option' }
  | { readonly type: 'command' }
  /** A value of an option; `prefix` is what of the word stays: `--level=`. */
  | { readonly type: 'value'; readonly option: Option; readonly prefix: string }
  | { readonly type: 'argument'; readonly index: number };

/** A command line that is being typed, as far as it is understood. */
export interface TypedLine {
  readonly command: Command;
  readonly place: Place;
  /** The word at the cursor up to it, less the prefix of its place. */
  readonly word: string;
  /** Values of options that stand before, by their long names. */
  readonly values: ReadonlyMap<string, string>;
}

/** Reads the words after the program's name; the last one is being typed and may be empty. */
export function readTypedLine(program: Command, words: readonly string[]): TypedLine {
  // bash takes `--level=work` for three words.
  const whole = words.filter((word, index) => word !== '=' || index === words.length - 1);
  const before = whole.slice(0, -1);
  const last = whole.at(-1) ?? '';
  const word = last === '=' ? '' : last;
  const values = new Map<string, string>();
  let command = program;
  let awaiting: Option | undefined;
  let index = 0;
  for (const one of before) {
    if (awaiting !== undefined) {
      values.set(awaiting.long ?? '', one);
      awaiting = undefined;
    } else if (one.startsWith('-')) {
      const [name = '', value] = one.split(/=(.*)/s);
      const option = optionsOf(command).find(({ long, short }) => long === name || short === name);
      if (option?.required !== true) continue;
      if (value === undefined) awaiting = option;
      else values.set(option.long ?? '', value);
    } else {
      const next = command.commands.find((known) => known.name() === one);
      if (next === undefined) index++;
      else command = next;
    }
  }
  if (awaiting !== undefined) {
    return { command, place: { type: 'value', option: awaiting, prefix: '' }, word, values };
  }
  const [, prefix = '', value = ''] = /^(--[a-z-]+=)(.*)$/s.exec(word) ?? [];
  const option = optionsOf(command).find((known) => `${known.long}=` === prefix && known.required);
  if (option !== undefined) return { command, place: { type: 'value', option, prefix }, word: value, values };
  if (word.startsWith('-')) return { command, place: { type: 'option' }, word, values };
  const place: Place = command.commands.length > 0 ? { type: 'command' } : { type: 'argument', index };
  return { command, place, word, values };
}

/** A command's own options and those of the commands that it belongs to. */
export const optionsOf = (command: Command): readonly Option[] => {
  const { parent } = command;
  return parent === null ? command.options : [...command.options, ...optionsOf(parent)];
};
