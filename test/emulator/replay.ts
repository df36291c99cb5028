// On a real network every agent has a processor of its own; here ten thousand share one. To see what a deployment's
// root waits for, agents that are not on one way from the root to a leaf say again what they said last, at once.

import type { Tree } from "../../overlay/index.js";

export class Replay {
  /** Agents that do go on asking; undefined: all. */
  asking: ReadonlySet<string> | undefined;

  attach(tree: Tree): void {
    const gather = tree.gather.bind(tree) as (...given: Parameters<Tree["gather"]>) => Promise<unknown>;
    const last = new Map<string, unknown>();
    const replayed = async (...given: Parameters<Tree["gather"]>): Promise<unknown> => {
      const { type } = given[0].request;
      const said = last.get(type);
      if (said !== undefined && this.asking?.has(tree.name) === false) return said;
      const gathered = await gather(...given);
      last.set(type, gathered);
      return gathered;
    };
    tree.gather = replayed as Tree["gather"];
  }
}
