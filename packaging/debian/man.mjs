// SPDX-License-Identifier: Apache-2.0
import { gzipSync } from 'node:zlib';

const roff = (text) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');

/**
 * A manual page that shows what a program says of itself: there is one text, and it is not written twice.
 * @param {{ name: string, section: number, summary: string, description: string, help: string, see: string[] }} of
 *   `help`: what it prints on --help
 * @returns {Buffer} compressed, the same for the same text
 */
export function manualPage({ name, section, summary, description, help, see }) {
  const text = `.TH ${roff(name.toUpperCase())} ${section} "" "Undermesh"
.SH NAME
${roff(name)} \\- ${roff(summary)}
.SH DESCRIPTION
${roff(description)}
.SH USE
.nf
${roff(help.trim())}
.fi
.SH FILES
${see.map((path) => `.TP\n.I ${roff(path)}`).join('\n')}
`;
  return gzipSync(text, { level: 9 });
}
