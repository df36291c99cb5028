// How far a file was read, as one line for a screen.

import type { ReplayProgress } from "../messages/index.js";

const width = 24;

/** A bar, what was read, and how long the rest will take; without a bar when the size is unknown (a pipe). */
export function progressLine({ position, size, packets }: ReplayProgress, elapsedMs: number): string {
  const read = `${packets} packets, ${bytesText(position)}`;
  if (size === 0) return read;
  const share = Math.min(1, position / size);
  const bar = "#".repeat(Math.round(share * width)).padEnd(width, ".");
  const left = share === 0 ? "" : `, ${secondsText((elapsedMs / share - elapsedMs) / 1000)} left`;
  return `[${bar}] ${Math.floor(share * 100)} % of ${bytesText(size)}, ${packets} packets${left}`;
}

const units = ["bytes", "kB", "MB", "GB", "TB"];

/** Powers of 1000: "3.2 GB". */
export function bytesText(bytes: number): string {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return power === 0 ? `${bytes} bytes` : `${(bytes / 1000 ** power).toFixed(1)} ${units[power]}`;
}

function secondsText(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
