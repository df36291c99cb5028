// An object as JSON text, sorted by key and indented by 4, as Python's json.dumps(sort_keys=True, indent=4) writes it.

/** Not JSON.stringify of a sorted object: that would put keys like "80" first and in numeric order. */
export function sortedJson(values: Readonly<Record<string, number | string>>): string {
  const lines = Object.keys(values)
    .sort()
    .map((key) => `    ${JSON.stringify(key)}: ${JSON.stringify(values[key])}`);
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n}`;
}
