// SPDX-License-Identifier: Apache-2.0
import { Icon } from './icon';

export interface ChipProps {
  name: string;
  value: string;
  /** Kept but not applied: dashed and struck. */
  disabled?: boolean;
  onToggle?: () => void;
  onRemove: () => void;
}

/** A filter: click to switch it off and on, × to remove it. */
export function Chip({ name, value, disabled = false, onToggle, onRemove }: ChipProps) {
  return (
    <span className={`chip${disabled ? ' disabled' : ''}`}>
      <button
        type="button"
        className="chip-text"
        aria-pressed={!disabled}
        title={disabled ? 'Apply this filter' : 'Switch this filter off'}
        onClick={onToggle}
      >
        <span className="cut">
          {name} <b>{value}</b>
        </span>
      </button>
      <button type="button" className="chip-x" aria-label={`Remove ${name} ${value}`} onClick={onRemove}>
        <Icon name="small_close" size={14} />
      </button>
    </span>
  );
}
