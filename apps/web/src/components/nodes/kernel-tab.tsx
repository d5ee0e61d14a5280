// SPDX-License-Identifier: Apache-2.0
import type { Node } from '@undermesh/schema';
import { deciderWords } from '@/domain/engines/state';
import { engineWords } from '@/domain/words';
import { Status } from '../glyph';
import { Section } from '../panel';

/** What the kernel is, what it can take, and why not. */
export function KernelTab({ node }: { node: Node }) {
  const { kernel, scope, engine } = node;
  if (kernel === null) return <p className="t2">The agent has not said what its kernel is.</p>;
  const features = Object.entries(kernel.features).sort(
    ([, a], [, b]) => Number(a === true) - Number(b === true),
  );
  return (
    <>
      <Section title="Kernel">
        <dl className="pairs">
          <dt>Release</dt>
          <dd className="mono">{kernel.release}</dd>
          <dt>Architecture</dt>
          <dd>{kernel.architecture}</dd>
          <dt>Engine, desired</dt>
          <dd>{engineWords(engine.desired)}</dd>
          <dt>Engine, observed</dt>
          <dd>{engine.observed === null ? 'unknown' : engineWords(engine.observed)}</dd>
          <dt>Generation</dt>
          <dd>{engine.generation}</dd>
          <dt>Set by</dt>
          <dd>{deciderWords(engine)}</dd>
          <dt>Scope</dt>
          <dd>
            {scope === null ? (
              'unknown'
            ) : scope.wholeHost ? (
              'the whole host'
            ) : (
              <span className="mono cut">{scope.cgroup}</span>
            )}
          </dd>
        </dl>
      </Section>
      <Section title="Features" note="probed at start">
        <ul className="items tight">
          {features.map(([name, answer]) => (
            <li key={name}>
              <div className="item-line">
                <span className="cut">{name.replaceAll('_', ' ')}</span>
                <span className="fill" />
                <Status kind={answer === true ? 'ok' : 'unk'} quiet={answer === true}>
                  {answer === true ? 'available' : 'not available'}
                </Status>
              </div>
              {answer !== true && <p className="t2 small">{answer}</p>}
            </li>
          ))}
        </ul>
      </Section>
    </>
  );
}
