// SPDX-License-Identifier: Apache-2.0
'use client';

import { Icon } from './icon';
import { Menu, type MenuProps } from './menu';

/** A menu of formats to export in; `head` says what is exported. */
export function ExportMenu(props: Pick<MenuProps, 'head' | 'options' | 'onChoose'>) {
  return (
    <Menu
      label="Export"
      button={
        <>
          <Icon name="download" size={14} />
          Export
        </>
      }
      {...props}
    />
  );
}
