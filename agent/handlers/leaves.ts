// `add leaf agent` and `query leaf agents`: the tree below this agent.

import { encodePartial, rollCallCodec } from "../../overlay/index.js";
import { type Handler, isRelayed } from "../agent.js";

export const addLeafAgent: Handler<"add leaf agent"> = async ({ tree }, { agent_addr }, { budgetMs }) => {
  const { added, child } = await tree.add(agent_addr, budgetMs);
  const { name } = child.address;
  if (!added) return { json: `ok: ${name} is a leaf agent already` };
  const note = child.state === "up" ? "" : " (it does not answer yet)";
  return { json: `ok: ${name} added${note}` };
};

export const queryLeafAgents: Handler<"query leaf agents"> = async (
  { tree },
  request,
  { budgetMs, path },
) => {
  if (isRelayed(request)) {
    const gathered = await tree.rollCall({ request, budgetMs, path });
    return { frame: encodePartial(gathered, rollCallCodec, request.known) };
  }
  return { json: request.detail ? tree.leafAgents() : tree.children().map(({ address }) => address.name) };
};
