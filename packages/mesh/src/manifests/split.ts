// SPDX-License-Identifier: Apache-2.0

/** One YAML document of a file. */
export interface DocumentText {
  readonly text: string;
  /** Line of the file that it begins on, from 0. */
  readonly firstLine: number;
}

const SEPARATOR = /^---(?=\s|$)/gm;

/** Cuts a file before each `---`; parts with nothing but comments and separators are left out. */
export function splitDocuments(text: string): DocumentText[] {
  const starts = [0, ...[...text.matchAll(SEPARATOR)].map((match) => match.index)];
  const documents: DocumentText[] = [];
  let firstLine = 0;
  starts.forEach((start, at) => {
    const part = text.slice(start, starts[at + 1] ?? text.length);
    if (!isBlank(part)) documents.push({ text: part, firstLine });
    firstLine += countLines(part);
  });
  return documents;
}

const isBlank = (part: string): boolean => /^(?:---(?=\s|$))?(?:\s+|#.*|\.\.\.(?=\s|$))*$/.test(part);

function countLines(part: string): number {
  let lines = 0;
  for (let at = part.indexOf('\n'); at >= 0; at = part.indexOf('\n', at + 1)) lines++;
  return lines;
}
