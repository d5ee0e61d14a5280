// SPDX-License-Identifier: Apache-2.0
import {
  ENGINE_GLYPHS,
  type EngineMark,
  GLYPH_BOX,
  type GlyphShape,
  STATUS_GLYPHS,
  type StatusKind,
} from '@/domain/glyphs';

const inkOf = (shape: GlyphShape): string =>
  'ink' in shape && shape.ink === 'ground' ? 'var(--bg-1)' : 'currentColor';

function Shape({ shape }: { shape: GlyphShape }) {
  const ink = inkOf(shape);
  switch (shape.kind) {
    case 'line':
      return (
        <polyline
          points={shape.points.map((point) => point.join(',')).join(' ')}
          fill="none"
          stroke={ink}
          strokeWidth={shape.width}
          strokeDasharray={shape.dash?.join(' ')}
        />
      );
    case 'circle':
      return shape.width === undefined ? (
        <circle cx={shape.cx} cy={shape.cy} r={shape.r} fill={ink} />
      ) : (
        <circle
          cx={shape.cx}
          cy={shape.cy}
          r={shape.r}
          fill="none"
          stroke={ink}
          strokeWidth={shape.width}
          strokeDasharray={shape.dash?.join(' ')}
        />
      );
    case 'polygon':
      return (
        <polygon
          points={shape.points.map((point) => point.join(',')).join(' ')}
          fill={shape.filled ? ink : 'none'}
          stroke={shape.width === undefined ? 'none' : ink}
          strokeWidth={shape.width}
          strokeLinejoin="round"
        />
      );
    case 'path':
      return (
        <path d={shape.d} fill="none" stroke={ink} strokeWidth={shape.width} strokeOpacity={shape.opacity} />
      );
  }
}

function Glyph({
  shapes,
  size,
  turning,
}: {
  shapes: readonly GlyphShape[];
  size: number;
  turning?: boolean;
}) {
  return (
    <svg
      width={size}
      height={size}
      viewBox={`0 0 ${GLYPH_BOX} ${GLYPH_BOX}`}
      aria-hidden="true"
      className={turning === true ? 'turning' : undefined}
    >
      {shapes.map((shape, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: shapes of a glyph never move.
        <Shape key={index} shape={shape} />
      ))}
    </svg>
  );
}

/** The engine's sign alone; its name has to stand beside it. */
export function EngineGlyph({ engine, size = 14 }: { engine: EngineMark; size?: number }) {
  return <Glyph shapes={ENGINE_GLYPHS[engine]} size={size} />;
}

/** Engine by colour, sign and name. `bare` has no fill: inside tables. */
export function EngineBadge({ engine, bare = false }: { engine: EngineMark; bare?: boolean }) {
  return (
    <span className={`engine ${engine}${bare ? ' bare' : ''}`}>
      <EngineGlyph engine={engine} />
      {engine}
    </span>
  );
}

/** The status sign alone; text has to stand beside it. */
export function StatusGlyph({ kind, size = 14 }: { kind: StatusKind; size?: number }) {
  return <Glyph shapes={STATUS_GLYPHS[kind]} size={size} turning={kind === 'run'} />;
}

/** Status by colour, shape and text. `quiet`: healthy and not worth a colour. */
export function Status({
  kind,
  children,
  quiet,
}: {
  kind: StatusKind;
  children: React.ReactNode;
  quiet?: boolean;
}) {
  return (
    <span className={`status ${(quiet ?? false) ? 'quiet' : kind}`}>
      <StatusGlyph kind={kind} />
      <span>{children}</span>
    </span>
  );
}
