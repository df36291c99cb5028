// Aligned columns: words to the left, numbers to the right, so that digits stand below digits.

export type Row = readonly string[];

/** Rows as text without a line end; an empty header is left out. */
export function renderColumns(header: Row, rows: readonly Row[]): string {
  const lines = header.length === 0 ? rows : [header, ...rows];
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const numeric = widths.map((_, column) => rows.every((row) => /^-?\d+$/.test(row[column] ?? "")));
  const pad = (text: string, column: number): string =>
    numeric[column] ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
  return lines.map((line) => line.map(pad).join("  ").trimEnd()).join("\n");
}

/** A value of an answer in one cell. */
export function cell(value: unknown): string {
  if (value === undefined || value === null) return "-";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(cell).join(" ");
  if (typeof value !== "object") return String(value);
  const pairs = Object.entries(value).map(([name, inner]) => `${name}=${cell(inner)}`);
  return pairs.length === 0 ? "none" : pairs.join(",");
}
