// SPDX-License-Identifier: Apache-2.0

const PATHS = {
  search: (
    <>
      <circle cx="7" cy="7" r="4.3" />
      <path d="m10.4 10.4 3.3 3.3" />
    </>
  ),
  down: <path d="m4.5 6.5 3.5 3.5 3.5-3.5" />,
  clock: (
    <>
      <circle cx="8" cy="8" r="5.6" />
      <path d="M8 4.8V8l2.2 1.5" />
    </>
  ),
  settings: (
    <>
      <path d="M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6" />
      <circle cx="10" cy="4.5" r="1.9" />
      <circle cx="6" cy="11.5" r="1.9" />
    </>
  ),
  lock: (
    <>
      <rect x="3.6" y="7" width="8.8" height="6.4" rx="1.4" />
      <path d="M5.4 7V5.2a2.6 2.6 0 0 1 5.2 0V7" />
    </>
  ),
  close: <path d="m4 4 8 8m0-8-8 8" />,
  small_close: <path d="m5.5 5.5 5 5m0-5-5 5" />,
  copy: (
    <>
      <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
      <path d="M10.5 3.5v-.3a.7.7 0 0 0-.7-.7H3.2a.7.7 0 0 0-.7.7v6.6a.7.7 0 0 0 .7.7h.3" />
    </>
  ),
  check: <path d="m3.5 8.5 3 3 6-7" />,
  arrow: <path d="M2.5 8h10.5M9.5 4.5 13 8l-3.5 3.5" />,
  download: <path d="M8 2.5V10M4.8 7 8 10.2 11.2 7M3 13.5h10" />,
  link: (
    <path d="m6.5 9.5 3-3M7 4.8l1.3-1.3a2.6 2.6 0 0 1 3.7 3.7l-1.3 1.3M9 11.2l-1.3 1.3A2.6 2.6 0 0 1 4 8.8l1.3-1.3" />
  ),
  plus: <path d="M8 3v10M3 8h10" />,
  minus: <path d="M3 8h10" />,
  fit: <path d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10" />,
  node: (
    <>
      <rect x="2.5" y="3" width="11" height="4" rx="1" />
      <rect x="2.5" y="9" width="11" height="4" rx="1" />
    </>
  ),
  page: (
    <>
      <rect x="2.5" y="2.5" width="11" height="11" rx="1.5" />
      <path d="M2.5 6h11" />
    </>
  ),
  undo: <path d="M5.5 3 2.8 5.7l2.7 2.7M3 5.7h6.2a3.8 3.8 0 0 1 0 7.6H6" />,
  vertex: <rect x="2.5" y="4.5" width="11" height="7" rx="1.5" />,
} as const;
export type IconName = keyof typeof PATHS;

/** Line icons in a 16 × 16 box. Purely for show: the text or label beside carries the meaning. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {PATHS[name]}
    </svg>
  );
}

/** From → to. Read out as "to". */
export function Arrow({ size = 14 }: { size?: number }) {
  return (
    <span className="t3 arrow">
      <Icon name="arrow" size={size} />
      <span className="visually-hidden"> to </span>
    </span>
  );
}

/** The kernel line, two workloads above the path below it. */
export function Logo() {
  return (
    <svg width="22" height="22" viewBox="0 0 22 22" fill="none" aria-hidden="true">
      <path d="M1 5.5h20" stroke="var(--text-1)" strokeWidth="2" />
      <path d="m5 11 6 6.5L17 11M5 11h12" stroke="var(--text-3)" strokeWidth="1.3" />
      <circle cx="5" cy="11" r="2.3" fill="var(--text-1)" />
      <circle cx="17" cy="11" r="2.3" fill="var(--text-1)" />
      <circle cx="11" cy="17.5" r="2.3" fill="var(--e-kernel)" />
    </svg>
  );
}
