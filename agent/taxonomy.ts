// Flows told apart by four traits, from what they had in each second: size (elephants), duration (tortoises), rate
// (cheetahs), burstiness (porcupines). Lan and Heidemann, "A measurement study of correlations of Internet flow
// characteristics", Computer Networks 50, 2006.

/** The counts of one second. */
export interface SecondCounts {
  readonly second: number;
  readonly keys: readonly string[];
  readonly counts: readonly number[];
}

/** What is said of each flow. A flow is a key of the counter within the window. */
export const traits = ["elephant", "tortoise", "cheetah", "porcupine"] as const;
export type Trait = (typeof traits)[number];

type Values = Readonly<Record<Trait, number>>;

export interface TraitClass {
  readonly mean: number;
  readonly deviation: number;
  /** Mean + 3 deviations: who exceeds it belongs to the class. */
  readonly threshold: number;
  /** The largest first. */
  readonly members: readonly (readonly [key: string, value: number])[];
}

export interface Taxonomy {
  readonly flows: number;
  readonly classes: Readonly<Record<Trait, TraitClass>>;
}

const deviations = 3;

/** What is kept of a flow while its seconds are read in their order. */
interface Course {
  size: number;
  peak: number;
  readonly first: number;
  last: number;
}

/** `seconds` in rising order. */
export function taxonomyOf(seconds: readonly SecondCounts[]): Taxonomy {
  const flows = [...coursesOf(seconds)].map(([key, course]) => ({ key, values: valuesOf(course) }));
  const classes = traits.map((trait) => [trait, classOf(flows, trait)] as const);
  return { flows: flows.length, classes: Object.fromEntries(classes) as Taxonomy["classes"] };
}

function coursesOf(seconds: readonly SecondCounts[]): ReadonlyMap<string, Course> {
  const courses = new Map<string, Course>();
  for (const { second, keys, counts } of seconds) {
    for (const [index, key] of keys.entries()) {
      const count = counts[index] ?? 0;
      const course = courses.get(key) ?? { size: 0, peak: 0, first: second, last: second };
      course.size += count;
      course.peak = Math.max(course.peak, count);
      course.last = second;
      courses.set(key, course);
    }
  }
  return courses;
}

function valuesOf({ size, peak, first, last }: Course): Values {
  const duration = last - first + 1;
  const rate = size / duration;
  return { elephant: size, tortoise: duration, cheetah: rate, porcupine: peak / rate };
}

interface Flow {
  readonly key: string;
  readonly values: Values;
}

function classOf(flows: readonly Flow[], trait: Trait): TraitClass {
  const values = flows.map((flow) => flow.values[trait]);
  const mean = average(values);
  const deviation = Math.sqrt(average(values.map((value) => (value - mean) ** 2)));
  const threshold = mean + deviations * deviation;
  const members = flows
    .map(({ key, values }) => [key, values[trait]] as const)
    .filter(([, value]) => value > threshold)
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return { mean, deviation, threshold, members };
}

const average = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
