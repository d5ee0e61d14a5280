// SPDX-License-Identifier: Apache-2.0
// Every relative link of every Markdown file leads to a file that is there, and to a heading that it has.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../paths.mjs';

const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
});
const documents = listed.split('\n').filter((file) => file !== '' && existsSync(join(root, file)));

/** Text outside of code: links in there are none, and lines that begin with # no headings. */
const prose = (file) =>
  readFileSync(join(root, file), 'utf8')
    .replaceAll(/^( *)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1\2 *$/gm, '')
    .replaceAll(/(`+)(?!`)[^\n]*?[^`\n]\1(?!`)/g, (code) => code.replaceAll(/[[\]()]/g, ' '));

/** Anchors of a file, as GitHub makes them: of headings, repeated ones numbered, and of `id` and `name`. */
function anchorsOf(file) {
  const text = readFileSync(join(root, file), 'utf8').replaceAll(
    /^( *)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1\2 *$/gm,
    '',
  );
  const anchors = new Set([...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, name]) => name));
  const seen = new Map();
  for (const [, heading] of text.matchAll(/^#{1,6} +(.*?) *#*$/gm)) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '');
    const slug = plain
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times === 0 ? slug : `${slug}-${times}`);
  }
  return anchors;
}

/** What is wrong with the links of a file. */
function broken(file) {
  const links = [...prose(file).matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g)].map(([, target]) => target);
  return links.flatMap((link) => {
    if (/^[a-z]+:/i.test(link)) return [];
    const [path, anchor] = decodeURI(link).split('#');
    const target = path === '' ? file : normalize(join(dirname(file), path));
    if (target.startsWith('..')) return [`${link} leads out of the repository`];
    if (!existsSync(join(root, target))) return [`${link}: there is no ${target}`];
    if (anchor === undefined || statSync(join(root, target)).isDirectory() || !target.endsWith('.md'))
      return [];
    return anchorsOf(target).has(anchor) ? [] : [`${link}: ${target} has no heading #${anchor}`];
  });
}

describe('links', () => {
  it('are looked for in every document', () => {
    expect(documents.length).toBeGreaterThan(50);
  });

  it.each(documents)('of %s lead somewhere', (file) => {
    expect(broken(file)).toEqual([]);
  });

  it('lead to every runbook from the index of them', () => {
    const index = readFileSync(join(root, 'docs/runbooks/README.md'), 'utf8');
    const pages = documents.filter((file) => /^docs\/runbooks\/(?!README)/.test(file));
    expect(pages.filter((file) => !index.includes(`(${file.split('/').at(-1)})`))).toEqual([]);
  });

  it('lead to every guide from the index', () => {
    const index = readFileSync(join(root, 'docs/README.md'), 'utf8');
    const guides = documents.filter((file) => /^docs\/(?!README)[^/]+\.md$/.test(file));
    expect(guides.filter((file) => !index.includes(`(${file.slice('docs/'.length)}`))).toEqual([]);
  });
});
