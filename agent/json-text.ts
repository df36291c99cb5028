// Answers as JSON text.

/** A Map becomes an object whose members keep their order; those of a plain object do not when keys are numbers. */
export function jsonText(value: unknown): string {
  if (!(value instanceof Map)) return JSON.stringify(value);
  const members = [...value].map(([name, inner]) => `${JSON.stringify(name)}:${JSON.stringify(inner)}`);
  return `{${members.join(",")}}`;
}
