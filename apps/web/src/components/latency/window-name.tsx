// SPDX-License-Identifier: Apache-2.0

/** The letter of a compared window, as on its bracket. */
export function WindowName({ side }: { side: 'a' | 'b' }) {
  return <span className={`window-name ${side}`}>{side.toUpperCase()}</span>;
}
