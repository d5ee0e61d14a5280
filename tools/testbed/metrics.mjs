// SPDX-License-Identifier: Apache-2.0
// Reading the Prometheus text format.

/**
 * The samples of one metric whose labels include these.
 * @param {string} text @param {string} name @param {Record<string, string>} [labels]
 * @returns {{ labels: Record<string, string>, value: number }[]}
 */
export function samples(text, name, labels = {}) {
  const found = [];
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${name}{`) && !line.startsWith(`${name} `)) continue;
    const own = labelsOf(line.slice(name.length));
    if (Object.entries(labels).every(([key, value]) => own[key] === value)) {
      found.push({ labels: own, value: Number(line.slice(line.lastIndexOf(' ') + 1)) });
    }
  }
  return found;
}

function labelsOf(text) {
  const labels = {};
  for (const [, key, value] of text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
    labels[key] = value.replace(/\\(.)/g, (_, letter) => (letter === 'n' ? '\n' : letter));
  }
  return labels;
}
