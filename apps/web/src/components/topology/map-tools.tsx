// SPDX-License-Identifier: Apache-2.0
'use client';

import type { RefObject } from 'react';
import { Icon } from '../icon';
import { type MapHandle, ZOOM_STEP } from './map-canvas';

/** Top right: arrange, zoom, fit, help. */
export function MapTools({
  map,
  onArrange,
  onHelp,
}: {
  map: RefObject<MapHandle | null>;
  onArrange: () => void;
  onHelp: () => void;
}) {
  return (
    <div className="map-tools">
      <button type="button" className="btn" title="Lay out anew what is shown (a)" onClick={onArrange}>
        Arrange
      </button>
      <fieldset>
        <legend className="visually-hidden">Zoom</legend>
        <button
          type="button"
          className="icon-btn"
          aria-label="Zoom in"
          title="Zoom in (+)"
          onClick={() => map.current?.zoomBy(ZOOM_STEP)}
        >
          <Icon name="plus" size={14} />
        </button>
        <button
          type="button"
          className="icon-btn"
          aria-label="Zoom out"
          title="Zoom out (−)"
          onClick={() => map.current?.zoomBy(1 / ZOOM_STEP)}
        >
          <Icon name="minus" size={14} />
        </button>
        <button
          type="button"
          className="icon-btn"
          aria-label="Fit everything"
          title="Fit everything (f)"
          onClick={() => map.current?.fit()}
        >
          <Icon name="fit" size={14} />
        </button>
        <button type="button" className="icon-btn" aria-label="Keys" title="Keys (?)" onClick={onHelp}>
          ?
        </button>
      </fieldset>
    </div>
  );
}
