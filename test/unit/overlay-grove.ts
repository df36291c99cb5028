// Trees of agents in one process, with faults, and an oracle that cannot lie: host i counts 4^i, so that each base-4
// digit of a sum tells how often that host is in it.

import { expect } from "vitest";
import {
  decodeFrame,
  encodeFrame,
  type Frame,
  parseAgentAddress,
  type Request,
  TallyError,
} from "../../controller-client/messages/index.js";
import {
  type Ask,
  type Codec,
  encodePartial,
  type Gathered,
  noLoss,
  rollCallCodec,
  systemTime,
  Tree,
} from "../../overlay/index.js";

export type Fault =
  | { readonly kind: "none" | "dead" | "hung" | "monitor down" | "monitor hung" }
  | { readonly kind: "late"; readonly ms: number }
  | { readonly kind: "says"; readonly error: TallyError }
  | { readonly kind: "rubbish"; readonly reply: (honest: Frame) => unknown };

export interface Tree4 {
  readonly name: string;
  readonly index: number;
  readonly tree: Tree;
  fault: Fault;
  /** Messages that reached it. */
  readonly heard: Request[];
}

/** Larger ones are told, and show what they are only when they are added. */
const largestSum = 10n ** 390n;

export const sumCodec: Codec<bigint> = {
  write: (sum) => ({ fields: { sum: `${sum}` } }),
  read: ({ sum }) => {
    if (typeof sum !== "string" || !/^\d{1,400}$/.test(sum)) throw new Error("no sum");
    return BigInt(sum);
  },
  merge: (sums) => {
    if (sums.some((sum) => sum > largestSum)) throw new Error("a sum too large to add");
    return sums.reduce((a, b) => a + b);
  },
};

export const question: Request = {
  type: "query counter",
  interface: "INPUT",
  scope: "subtree",
  detail: false,
  timeout_ms: 1000,
};
const never = new Promise<never>(() => undefined);

export class Grove {
  readonly nodes: Tree4[] = [];
  wanted: Request[] = [];

  constructor(size: number) {
    for (let index = 0; index < size; index++) this.nodes.push(this.#node(index));
  }

  node(index: number): Tree4 {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`no node ${index}`);
    return node;
  }

  link(parent: number, child: number): Promise<{ readonly added: boolean }> {
    return this.node(parent).tree.add(this.node(child).name, 400);
  }

  async ask(index: number, budgetMs = 300): Promise<Gathered<bigint>> {
    return this.#sum(this.node(index), question, budgetMs);
  }

  /** How often each host is in a sum. */
  digits(sum: bigint): readonly number[] {
    return this.nodes.map(({ index }) => Number((sum >> BigInt(2 * index)) & 3n));
  }

  #node(index: number): Tree4 {
    const name = `10.0.${index >> 8}.${index & 255}:8000`;
    const address = parseAgentAddress(name);
    const ask: Ask = (child, request, budgetMs) => this.#deliver(child.address.name, request, budgetMs);
    const tree = new Tree({ name, address, ask, wanted: () => this.wanted, time: systemTime });
    return { name, index, tree, fault: { kind: "none" }, heard: [] };
  }

  async #deliver(name: string, request: Request, budgetMs: number): Promise<Frame> {
    const node = this.nodes.find((each) => each.name === name);
    if (node === undefined || node.fault.kind === "dead")
      throw new TallyError("unavailable", "connection refused");
    node.heard.push(request);
    const { fault } = node;
    if (fault.kind === "hung") return never;
    if (fault.kind === "says") throw fault.error;
    if (fault.kind === "late") await new Promise((resolve) => setTimeout(resolve, fault.ms));
    const honest = decodeFrame(encodeFrame(await this.#answer(node, request, budgetMs)));
    return fault.kind === "rubbish" ? (fault.reply(honest) as Frame) : honest;
  }

  async #answer(node: Tree4, request: Request, budgetMs: number): Promise<Frame<object>> {
    const path = request.path ?? [];
    if (request.type === "query leaf agents") {
      const gathered = await node.tree.rollCall({ request, budgetMs, path });
      return encodePartial(gathered, rollCallCodec, request.known);
    }
    if (request.type !== "query counter") {
      await node.tree.tell(request, { budgetMs, path });
      return { head: { name: node.name }, body: new Uint8Array() };
    }
    return encodePartial(await this.#sum(node, request, budgetMs), sumCodec, request.known);
  }

  #sum({ tree, index, fault }: Tree4, request: Request, budgetMs: number): Promise<Gathered<bigint>> {
    const own = async () => {
      if (fault.kind === "monitor down") throw new TallyError("monitor_down", "no monitor");
      if (fault.kind === "monitor hung") return never;
      return { payload: 4n ** BigInt(index), loss: noLoss };
    };
    return tree.gather({ request, own, codec: sumCodec, budgetMs, path: request.path ?? [] });
  }
}

/** The promise of every answer: each host listed is in the sum once, each other one not at all, and none forgotten. */
export function expectHonest(grove: Grove, { hosts, missing, payload = 0n }: Gathered<bigint>): void {
  const answered = new Set(hosts);
  expect(grove.digits(payload)).toEqual(grove.nodes.map(({ name }) => (answered.has(name) ? 1 : 0)));
  expect(missing.filter(({ host }) => answered.has(host))).toEqual([]);
  const listed = [...hosts, ...missing.map(({ host }) => host)];
  expect(new Set(listed).size).toBe(listed.length);
}

export const reasons = ({ missing }: Gathered<bigint>) =>
  Object.fromEntries(missing.map(({ host, reason }) => [host, reason]));

export async function star(children: number): Promise<Grove> {
  const grove = new Grove(children + 1);
  for (let child = 1; child <= children; child++) await grove.link(0, child);
  return grove;
}
