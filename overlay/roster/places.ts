// Who is below whom, as a pure function of the members: slots 0, 1, 2, ... are the places of a tree in which each agent
// has `fanOut` below it, level by level, and 0 is the root. A slot's parent and its backups have smaller slots, so
// nobody can come to be above itself.

/** Failure domains that a member is in: {"rack": "r1"}. */
export type Labels = Readonly<Record<string, string>>;

/** What the places depend on. */
export interface Placed {
  readonly slot: number;
  readonly labels: Labels;
  /** Ready to be the root when it dies. */
  readonly standby: boolean;
}

/** The members by slot. Slots above the deepest level are all taken. */
export interface Slots<M extends Placed> {
  readonly fanOut: number;
  readonly at: (slot: number) => M | undefined;
  readonly standbys: () => readonly M[];
  /** How many members are right below a slot. */
  readonly below: (slot: number) => number;
}

export interface Place<M> {
  /** Absent for the root. */
  readonly parent?: M;
  /** Where to go, in this order, while the parent is away. */
  readonly backups: readonly M[];
}

/** The slot above; undefined for the root's. */
export const slotAbove = (slot: number, fanOut: number): number | undefined =>
  slot === 0 ? undefined : Math.floor((slot - 1) / fanOut);

/** First slot and width of the level that a slot is on. */
export function levelOf(slot: number, fanOut: number): Level {
  let level: Level = { depth: 0, first: 0, width: 1 };
  while (slot >= level.first + level.width) {
    level = { depth: level.depth + 1, first: level.first + level.width, width: level.width * fanOut };
  }
  return level;
}

interface Level {
  readonly depth: number;
  readonly first: number;
  readonly width: number;
}

/** A member's parent, and two others for when it is away: unlike the parent in failure domain, and the grandparent. */
export function placeOf<M extends Placed>(member: M, slots: Slots<M>): Place<M> {
  const above = slotAbove(member.slot, slots.fanOut);
  const parent = above === undefined ? undefined : slots.at(above);
  if (above === undefined || parent === undefined) return { backups: [] };
  if (above === 0) return { parent, backups: besides(member, slots.standbys()).slice(0, 2) };
  const aunt = farthest(aunts(member.slot, above, slots), parent.labels);
  const grandparent = slots.at(slotAbove(above, slots.fanOut) ?? 0);
  return { parent, backups: [aunt, grandparent].filter((backup) => backup !== undefined) };
}

const besides = <M extends Placed>(member: M, others: readonly M[]): readonly M[] =>
  others.filter(({ slot }) => slot !== member.slot);

// The parent's level but for the parent, begun elsewhere for each of its children, so that these go to different ones.
function aunts<M extends Placed>(slot: number, above: number, { fanOut, at }: Slots<M>): readonly M[] {
  const { first, width } = levelOf(above, fanOut);
  const turn = above - first + 1 + ((slot - 1) % fanOut);
  const tried = Math.min(width, mostTried);
  const slots = Array.from({ length: tried }, (_, i) => first + ((turn + i) % width));
  return slots.filter((one) => one !== above).flatMap((one) => at(one) ?? []);
}

/** Aunts looked at for one in another failure domain. */
const mostTried = 64;

/** The first of those that have the fewest labels in common. */
function farthest<M extends Placed>(members: readonly M[], labels: Labels): M | undefined {
  return best(members, (member) => -shared(member.labels, labels));
}

/** In how many failure domains both are. */
export const shared = (a: Labels, b: Labels): number =>
  Object.entries(a).filter(([name, value]) => b[name] === value).length;

/** The slot for a newcomer: on the first level with room, below one of its own failure domain, evenly spread. */
export function openSlot<M extends Placed>(labels: Labels, slots: Slots<M>): number {
  const { fanOut, at, below } = slots;
  if (at(0) === undefined) return 0;
  let { first, width } = levelOf(0, fanOut);
  for (;;) {
    const parents = range(first, width).filter((slot) => below(slot) < fanOut);
    const kinship = (slot: number) => shared(at(slot)?.labels ?? {}, labels);
    const parent = best(parents, (slot) => kinship(slot) * fanOut - below(slot));
    if (parent !== undefined) return firstFree(parent, slots);
    first += width;
    width *= fanOut;
  }
}

function firstFree<M extends Placed>(parent: number, { fanOut, at }: Slots<M>): number {
  let slot = parent * fanOut + 1;
  while (at(slot) !== undefined) slot += 1;
  return slot;
}

const range = (first: number, length: number): readonly number[] =>
  Array.from({ length }, (_, offset) => first + offset);

function best<T>(items: readonly T[], score: (item: T) => number): T | undefined {
  let found: { readonly item: T; readonly points: number } | undefined;
  for (const item of items) {
    const points = score(item);
    if (found === undefined || points > found.points) found = { item, points };
  }
  return found?.item;
}
