// How errors speak of input: shortened, printable, with the nearest known name.

const longestEcho = 60;
const unprintable = /[\p{Cc}\p{Cs}\p{Cf}\u2028\u2029]/gu;

/** A value as it may appear in a message: at most about 60 characters of it, control characters escaped. */
export function quote(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  const text = String(value);
  const shown = text.length > longestEcho ? `${text.slice(0, longestEcho)}...` : text;
  return typeof value === "string" ? JSON.stringify(shown.replace(unprintable, "?")) : shown;
}

/** A field name, shortened: what errors carry as `field`. */
export const shortName = (name: string): string =>
  (name.length > longestEcho ? `${name.slice(0, longestEcho)}...` : name).replace(unprintable, "?");

/** The known name that differs least from `text`, when it is near enough to be what was meant. */
export function nearest(text: string, known: readonly string[]): string | undefined {
  if (text.length > 40) return undefined;
  const plain = plainName(text);
  const ranked = known
    .map((name) => ({ name, distance: editDistance(plain, plainName(name)) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best && best.distance <= Math.max(1, Math.ceil(best.name.length / 3)) ? best.name : undefined;
}

/** ` (did you mean x?)` or nothing. */
export function suggestion(text: string, known: readonly string[]): string {
  const name = nearest(text, known);
  return name === undefined ? "" : ` (did you mean ${name}?)`;
}

const plainName = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, "");

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min(at(row, j) + 1, at(next, j - 1) + 1, at(row, j - 1) + change));
    }
    row = next;
  }
  return at(row, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY;
