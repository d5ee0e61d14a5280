// SPDX-License-Identifier: Apache-2.0
import type { Redactor } from './redactor.js';

/** Of the program itself: what the mesh's workloads do is no part of a report. */
const OWN = /^(undermesh|process|nodejs)_/;
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Prometheus' text with our own metrics alone, and of their labels what the redactor knows. */
export const reducedMetrics = (text: string, redactor: Redactor): string =>
  text
    .split('\n')
    .flatMap((line) => {
      const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
      if (!OWN.test(name) || Number.isNaN(Number(value.replace('Inf', 'Infinity')))) return [];
      const shown = [...labels.matchAll(LABEL)].map(
        ([, label, of = '']) => `${label}="${redactor.text(of)}"`,
      );
      return [`${name}${shown.length === 0 ? '' : `{${shown.join(',')}}`} ${value}\n`];
    })
    .join('');
