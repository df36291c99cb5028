// The roster: who should answer, and the slot of each. It changes by these methods only, which depend on nothing but
// their arguments, and can be written down and read again.

import { TallyError } from "../../controller-client/messages/index.js";
import {
  type Labels,
  levelOf,
  openSlot,
  type Place,
  placeOf,
  type Slots,
  shared,
  slotAbove,
} from "./places.js";

export interface Member {
  /** Unlike any other member's. */
  readonly name: string;
  /** Where it listens, as in "10.0.0.3:8000". */
  readonly addr: string;
  /** Grows with every start of the agent: of two that claim a name, the older one has to go. */
  readonly incarnation: number;
  readonly slot: number;
  readonly labels: Labels;
  readonly standby: boolean;
  /** Names the monitor that it counts by: of two agents on one host only one is served. */
  readonly monitor?: string;
}

export type Newcomer = Omit<Member, "slot">;

/** As it is kept on disk and copied to standbys. */
export interface RosterRecord {
  readonly id: string;
  readonly epoch: number;
  readonly revision: number;
  readonly fan_out: number;
  readonly members: readonly Member[];
  readonly gone: readonly (readonly [name: string, incarnation: number])[];
}

/** How many that are gone are remembered. */
const mostGone = 4096;

export class Roster implements Slots<Member> {
  /** Which roster, unlike any other network's. */
  readonly id: string;
  readonly fanOut: number;
  #epoch: number;
  #revision: number;
  readonly #members = new Map<string, Member>();
  readonly #bySlot = new Map<number, Member>();
  readonly #below = new Map<number, number>();
  readonly #gone: Map<string, number>;

  /** Throws for a record that says of two members that they are one, or in one place. */
  constructor({ id, epoch, revision, fan_out, members, gone }: RosterRecord) {
    this.id = id;
    this.fanOut = fan_out;
    this.#epoch = epoch;
    this.#revision = revision;
    this.#gone = new Map(gone);
    for (const member of members) this.#put(member);
    if (this.#members.size !== members.length || this.#bySlot.size !== members.length)
      throw new Error("two members have one name or one slot");
  }

  /** A roster of its root alone. */
  static begin(id: string, fanOut: number, root: Newcomer): Roster {
    const members = [{ ...root, slot: 0 }];
    return new Roster({ id, epoch: 1, revision: 1, fan_out: fanOut, members, gone: [] });
  }

  /** A higher one fences all roots before. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Changes with every change. */
  get revision(): number {
    return this.#revision;
  }

  get size(): number {
    return this.#members.size;
  }

  get root(): Member | undefined {
    return this.#bySlot.get(0);
  }

  readonly at = (slot: number): Member | undefined => this.#bySlot.get(slot);

  readonly below = (slot: number): number => this.#below.get(slot) ?? 0;

  readonly standbys = (): readonly Member[] =>
    this.list().filter(({ standby, slot }) => standby && slot !== 0);

  /** By slot. */
  list(): readonly Member[] {
    return [...this.#members.values()].sort((a, b) => a.slot - b.slot);
  }

  get(name: string): Member | undefined {
    return this.#members.get(name);
  }

  /** The name of each member's parent. */
  parents(): ReadonlyMap<string, string | undefined> {
    const above = ({ slot }: Member) => this.at(slotAbove(slot, this.fanOut) ?? -1)?.name;
    return new Map([...this.#members.values()].map((member) => [member.name, above(member)]));
  }

  placeOf(member: Member): Place<Member> {
    return placeOf(member, this);
  }

  /** The incarnation that left or was expelled last under this name. */
  goneSince(name: string): number | undefined {
    return this.#gone.get(name);
  }

  /** Those whose word cannot stand beside the newcomer's: the same name, address or monitor elsewhere. */
  rivals({ name, addr, monitor }: Newcomer): readonly Member[] {
    const isSame = (member: Member) => member.name === name && member.addr === addr;
    const clashes = (member: Member) =>
      member.name === name || member.addr === addr || (monitor !== undefined && member.monitor === monitor);
    return [...this.#members.values()].filter((member) => clashes(member) && !isSame(member));
  }

  /** Takes a member, or its newer incarnation; rivals give way. Throws refused for one that was expelled. */
  join(newcomer: Newcomer): Member {
    const { name, incarnation } = newcomer;
    this.#refuseGone(newcomer);
    const rivals = this.rivals(newcomer);
    // An agent that was restarted under another name keeps its place.
    const known = this.get(name) ?? rivals.find(({ addr }) => addr === newcomer.addr);
    for (const rival of rivals) if (rival.name !== known?.name) this.#remove(rival);
    const present = known === undefined ? undefined : this.get(known.name);
    if (present !== undefined && sameMember(present, newcomer)) return present;
    if (present !== undefined) this.#take(present);
    const slot = present === undefined ? openSlot(newcomer.labels, this) : present.slot;
    // One that was renamed may not know it yet.
    const kept = present?.incarnation === incarnation ? present.name : name;
    const member = { ...newcomer, name: kept, slot };
    this.#gone.delete(name);
    this.#put(member);
    this.#revision += 1;
    return member;
  }

  /** Takes a member off; the same incarnation is not let in again. Throws not_found, and conflict for the root. */
  remove(name: string): Member {
    const member = this.get(name) ?? this.list().find(({ addr }) => addr === name);
    if (member === undefined) {
      const message = `the roster has no agent ${name}: ask 'query roster' for those it has`;
      throw new TallyError("not_found", message, { field: "agent" });
    }
    if (member.slot === 0) {
      const message = `${member.name} is the root: let a standby take its place first`;
      throw new TallyError("conflict", message, { field: "agent" });
    }
    this.#remove(member);
    this.#revision += 1;
    return member;
  }

  /** Gives a member another name. Throws not_found, conflict. */
  rename(name: string, to: string): Member {
    const member = this.get(name);
    if (member === undefined)
      throw new TallyError("not_found", `the roster has no agent ${name}`, { field: "agent" });
    if (this.#members.has(to)) {
      throw new TallyError("conflict", `there is an agent ${to} already: give another name`, {
        field: "name",
      });
    }
    this.#take(member);
    const renamed = { ...member, name: to };
    this.#put(renamed);
    this.#revision += 1;
    return renamed;
  }

  /** A member becomes the root, with a higher epoch; the root before becomes a leaf. Throws not_found. */
  takeOver(name: string, epochs: number): void {
    const heir = this.get(name);
    const root = this.root;
    if (heir === undefined) throw new TallyError("not_found", `${name} is not on the roster`);
    this.#epoch = Math.max(this.#epoch, epochs) + 1;
    this.#revision += 1;
    if (root === undefined || heir.slot === 0) return;
    this.#take(root);
    this.#vacate(heir);
    this.#put({ ...heir, slot: 0 });
    this.#put({ ...root, slot: openSlot(root.labels, this) });
  }

  record(): RosterRecord {
    const { id, fanOut, epoch, revision } = this;
    return { id, epoch, revision, fan_out: fanOut, members: this.list(), gone: [...this.#gone] };
  }

  #refuseGone({ name, incarnation }: Newcomer): void {
    if (incarnation > (this.#gone.get(name) ?? -1)) return;
    const message = `${name} was taken off the roster: start it again to let it join again`;
    throw new TallyError("refused", message, { field: "agent" });
  }

  #remove(member: Member): void {
    this.#vacate(member);
    this.#gone.set(member.name, member.incarnation);
    const [oldest] = this.#gone.keys();
    if (this.#gone.size > mostGone && oldest !== undefined) this.#gone.delete(oldest);
  }

  // The slots above the deepest level stay taken: one from there, of the same failure domain if there is one, moves in.
  #vacate(member: Member): void {
    this.#take(member);
    const members = this.list();
    const level = levelOf(member.slot, this.fanOut).depth;
    const deepest = levelOf(members.at(-1)?.slot ?? 0, this.fanOut);
    if (level >= deepest.depth) return;
    const candidates = members.filter(({ slot }) => slot >= deepest.first);
    const near = ({ labels }: Member) => shared(labels, member.labels);
    const [heir] = candidates.sort((a, b) => near(b) - near(a) || b.slot - a.slot);
    if (heir === undefined) return;
    this.#take(heir);
    this.#put({ ...heir, slot: member.slot });
  }

  #put(member: Member): void {
    this.#members.set(member.name, member);
    this.#bySlot.set(member.slot, member);
    this.#count(member, 1);
  }

  #take(member: Member): void {
    this.#members.delete(member.name);
    this.#bySlot.delete(member.slot);
    this.#count(member, -1);
  }

  #count({ slot }: Member, more: 1 | -1): void {
    const above = slotAbove(slot, this.fanOut);
    if (above !== undefined) this.#below.set(above, this.below(above) + more);
  }
}

const sameMember = (present: Member, newcomer: Newcomer): boolean =>
  JSON.stringify({ ...present, slot: undefined }) === JSON.stringify({ ...newcomer, slot: undefined });
