// SPDX-License-Identifier: Apache-2.0
'use client';

import { useEffect, useRef } from 'react';

const KEYS: readonly (readonly [string, string])[] = [
  ['← → ↑ ↓', 'walk to a neighbour'],
  ['Enter', 'select it; again to step into a namespace'],
  ['Esc', 'close the panel'],
  ['/', 'find'],
  ['e', 'only what needs a look'],
  ['t', 'table or map'],
  ['f', 'fit everything in view'],
  ['+ −', 'zoom'],
  ['0', 'life size'],
  ['Shift ← →', 'pan'],
  ['a', 'arrange anew'],
  ['?', 'this list'],
];
const WORDS: readonly (readonly [string, string])[] = [
  ['front', 'a name'],
  ['ns:shop', 'a namespace; also node: and version:'],
  ['port:8080', 'a destination port'],
  ['health:bad', 'needs a look or fails'],
  ['p99 > 50 ms', 'latency of requests; also p50, p95, rt (p95)'],
  ['errors > 1 %', 'share of requests with 5xx or no answer'],
  ['requests > 10', 'requests per second'],
  ['rate > 10', 'connections per second'],
  ['failed > 1 %', 'share of connects that failed'],
  ['rtt > 5 ms', 'smoothed round trip p99; connect > 5 ms likewise'],
  ['bytes > 1 MB', 'both ways, per second'],
  ['-rate < 1', 'hides instead of finding'],
];

/** Keys and the language of Find. */
export function MapHelp({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element !== null && !element.open) element.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="map-help"
      aria-label="Keys and words of the topology"
      onClose={onClose}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <div className="row">
        <h2 className="strong fill">Topology</h2>
        <button type="button" className="btn" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      <div className="map-help-lists">
        <List title="Keys" rows={KEYS} />
        <List title="Find" rows={WORDS} />
      </div>
    </dialog>
  );
}

function List({ title, rows }: { title: string; rows: readonly (readonly [string, string])[] }) {
  return (
    <section>
      <h3 className="t3 small">{title}</h3>
      <dl>
        {rows.map(([key, text]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd className="t2">{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
