// SPDX-License-Identifier: Apache-2.0

const APPS = [20, 286, 552];

/** The one idea: workloads above the kernel boundary, what is ours below it. */
export function KernelLine() {
  return (
    <svg
      className="kernel-line"
      viewBox="0 0 680 190"
      role="img"
      aria-label="Workloads connect through the kernel; Undermesh reads there, below the line between user space and kernel."
    >
      {APPS.map((x) => (
        <g key={x}>
          <rect
            x={x}
            y="22"
            width="108"
            height="36"
            rx="7"
            fill="var(--bg-1)"
            stroke="var(--line-2)"
            strokeDasharray="4 3"
          />
          <text x={x + 54} y="44.5" textAnchor="middle">
            your app
          </text>
        </g>
      ))}
      <path d="M0 96h680" stroke="var(--text-1)" strokeWidth="2" />
      <text x="0" y="88">
        user space
      </text>
      <text x="0" y="114">
        kernel
      </text>
      <path
        d="M74 58v66c0 14 6 20 20 20h218c14 0 20-6 20-20V58M348 58v66c0 14 6 20 20 20h218c14 0 20-6 20-20V58"
        fill="none"
        stroke="var(--line-3)"
        strokeWidth="1.5"
        strokeDasharray="4 4"
      />
      {[203, 477].map((x) => (
        <circle key={x} cx={x} cy="144" r="7" fill="var(--bg-0)" stroke="var(--e-kernel)" strokeWidth="2" />
      ))}
      <text x="340" y="178" textAnchor="middle">
        Undermesh reads here
      </text>
    </svg>
  );
}
