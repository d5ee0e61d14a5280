// SPDX-License-Identifier: Apache-2.0
'use client';

import type { UrlState } from '@/data/use-url';
import { COLOURS, colourName, DEFAULT_LABEL, LABELS, type Label } from '@/domain/topology/measures';
import { foundText, type Shown } from '@/domain/topology/shown';
import { hideText, LEVELS, type View } from '@/domain/topology/view';
import { Chip } from '../chip';
import { Menu } from '../menu';
import { NamespaceMenu, WindowMenu } from '../scope';
import { Segments } from '../segments';
import { FindBox } from './find-box';

export interface BarProps {
  view: View;
  shown: Shown | null;
  set: UrlState['set'];
}

const NO_SELECTION = { sel: null, selection: null, tab: null };

/** The page's own controls: level, colour, label, find and what is hidden. */
export function TopologyBar({ view, shown, set }: BarProps) {
  return (
    <>
      <Segments
        label="Level"
        value={view.level}
        options={LEVELS}
        onChange={(level) =>
          set({ level: level === 'workload' ? null : level, ...NO_SELECTION }, { push: true })
        }
      />
      {view.as === 'map' && (
        <>
          <Menu
            align="start"
            label={`Colour: ${colourName(view.colour)}`}
            button={
              <>
                <span className="key">Colour</span>
                {colourName(view.colour)}
              </>
            }
            options={COLOURS.map((colour) => ({
              id: colour,
              name: colourName(colour),
              on: colour === view.colour,
            }))}
            onChoose={(colour) => set({ colour: colour === 'health' ? null : colour })}
          />
          <Menu
            align="start"
            label={`Label: ${LABELS[view.label].name}`}
            button={
              <>
                <span className="key">Label</span>
                {LABELS[view.label].name}
              </>
            }
            options={(Object.keys(LABELS) as Label[]).map((label) => ({
              id: label,
              name: LABELS[label].name,
              on: label === view.label,
            }))}
            onChoose={(label) => set({ label: label === DEFAULT_LABEL ? null : label })}
          />
        </>
      )}
      <FindBox
        find={view.find}
        found={shown === null ? null : foundText(shown, view.find, view.level)}
        problem={shown?.problem ?? null}
        onFind={(find) => set({ find })}
        onHide={(hide, find) => set({ hide: hideText([...view.hide, ...hide]), find })}
      />
      <div className="bar-chips">
        {view.hide.map((text) => {
          const off = text.startsWith('~');
          const plain = off ? text.slice(1) : text;
          const rest = view.hide.filter((one) => one !== text);
          return (
            <Chip
              key={text}
              name="hide"
              value={plain}
              disabled={off}
              onToggle={() =>
                set({
                  hide: hideText(view.hide.map((one) => (one === text ? (off ? plain : `~${plain}`) : one))),
                })
              }
              onRemove={() => set({ hide: hideText(rest) })}
            />
          );
        })}
        {(view.hide.length === 0 || view.system) && (
          <Chip
            name="system"
            value={view.system ? 'shown' : 'hidden'}
            onToggle={() => set({ system: view.system ? null : 'true' })}
            onRemove={() => set({ system: view.system ? null : 'true' })}
          />
        )}
      </div>
    </>
  );
}

/** Right end of the bar: what of the mesh, when, and in which form. */
export function TopologyScope({ view, set }: Pick<BarProps, 'view' | 'set'>) {
  return (
    <>
      <NamespaceMenu />
      <WindowMenu />
      <Segments
        label="View"
        value={view.as}
        options={[
          { id: 'map', name: 'Map' },
          { id: 'table', name: 'Table' },
        ]}
        onChange={(as) => set({ view: as === 'map' ? null : as })}
      />
    </>
  );
}
