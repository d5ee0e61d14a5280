// SPDX-License-Identifier: Apache-2.0

/** A rectangle of the heat map: a stretch of time (epoch ms) and of latency (µs). */
export interface Region {
  from: number;
  to: number;
  minUs: number;
  maxUs: number;
}

/** `1732283520-1732284120,4000-16000`: seconds, then µs. `null` for anything else. */
export function regionOf(text: string | null): Region | null {
  const [, from, to, min, max] =
    /^(\d{9,11})-(\d{9,11}),(\d{1,12}(?:\.\d+)?)-(\d{1,12}(?:\.\d+)?)$/.exec(text ?? '') ?? [];
  if (from === undefined || to === undefined || min === undefined || max === undefined) return null;
  const region = { from: Number(from) * 1000, to: Number(to) * 1000, minUs: Number(min), maxUs: Number(max) };
  return region.to > region.from && region.maxUs > region.minUs ? region : null;
}

export const regionText = (region: Region | null): string | null =>
  region === null
    ? null
    : `${Math.round(region.from / 1000)}-${Math.round(region.to / 1000)},${rounded(region.minUs)}-${rounded(region.maxUs)}`;

/** Borders of cells are powers of two: a tenth of a µs tells them apart. */
const rounded = (us: number): number => Number(us.toFixed(us < 1000 ? 1 : 0));
