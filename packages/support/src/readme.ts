// SPDX-License-Identifier: Apache-2.0
import type { Manifest } from './bundle.js';
import { LEFT_OUT } from './redactor.js';

/** README.md of a bundle: what is in it, what is not, and how to look before giving it away. */
export function readmeOf({ program, version, createdAt, anonymised, parts }: Manifest): string {
  const rows = parts.map(({ file, holds, error, cutBytes = 0 }) => {
    const missing = error === undefined ? '' : ` **Missing: ${error}.**`;
    const cut = cutBytes === 0 ? '' : ` Its first ${cutBytes} bytes were cut off.`;
    return `| \`${file}\` | ${holds}.${missing}${cut} |`;
  });
  const names = anonymised
    ? 'Names and addresses are replaced: `name-3` is the same one wherever it stands, in this bundle only.'
    : 'Names of nodes, workloads and services and IP addresses are in it: make it with `--anonymise` to have them replaced.';
  return `# Support bundle

Made by \`${program}\` ${version} at ${createdAt}.

| file | holds |
|---|---|
${rows.join('\n')}

\`manifest.json\` lists the same with sizes and digests.

No secrets are in it, by the way it is made: of every text only words that Undermesh's own programs can say, short numbers,
moments, IP addresses and names were taken; \`${LEFT_OUT}\` stands for all else. Left out whole: tokens, credentials, keys,
certificates, records of connections, paths and headers of requests, labels of nodes, why and by whom engines were set. ${names}

Look through it before you give it away: \`tar xzf FILE\`, then read.
`;
}
