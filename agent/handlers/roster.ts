// Messages about the roster: those of controllers, which any member passes on to the root, and those between agents.

import type { MissingHost, RosterAnswer, RosterMember } from "../../controller-client/messages/index.js";
import { encodePartial, type Gathered, type Member, type Roster } from "../../overlay/index.js";
import { type Agent, type Handler, isRelayed, type Outcome } from "../agent.js";
import { type HostReport, ownReport, reportsCodec } from "../payloads/reports.js";

export const joinRoster: Handler<"join roster"> = async ({ roster }, request) => ({
  json: await roster.join(request),
});

export const renewLease: Handler<"renew lease"> = async ({ roster }, request) => ({
  json: roster.lease(request),
});

export const leaveRoster: Handler<"leave roster"> = async ({ roster }, request) => {
  await roster.leave(request);
  return { json: "ok" };
};

export const rejoinRoster: Handler<"rejoin roster"> = async ({ roster }, request) => {
  roster.rejoin(request);
  return { json: "ok" };
};

export const expelAgent: Handler<"expel agent"> = async ({ roster }, request) => ({
  json: await roster.expel(request),
});

export const renameAgent: Handler<"rename agent"> = async ({ roster }, request) => ({
  json: await roster.rename(request),
});

export const copyRoster: Handler<"copy roster"> = async ({ name, membership }, { unless_revision }) => {
  const roster = membership.mustReign().roster;
  const record = roster.revision === unless_revision ? {} : { roster: roster.record() };
  return { frame: { head: { name, ...record }, body: new Uint8Array() } };
};

export const copyConfiguration: Handler<"copy configuration"> = async ({ name, wanted }) => {
  const { summary, requests } = wanted;
  return { frame: { head: { name, ...summary, requests }, body: new Uint8Array() } };
};

export const queryRoster: Handler<"query roster"> = async (agent, request, call) => {
  const { tree, membership, roster } = agent;
  if (!isRelayed(request) && membership.reign === undefined) return { json: await roster.forward(request) };
  const own = async () => ownReport(agent);
  const { budgetMs, path } = call;
  const asked = isRelayed(request) ? { path } : {};
  const gathered = await tree.gather({ request, own, codec: reportsCodec, budgetMs, ...asked });
  if (isRelayed(request)) return { frame: encodePartial(gathered, reportsCodec) };
  return rosterOf(agent, request.detail, gathered);
};

type Reports = Gathered<readonly HostReport[]>;

function rosterOf({ membership }: Agent, detail: boolean, gathered: Reports): Outcome {
  const { roster, claim } = membership.mustReign();
  const members = roster.list();
  if (!detail) return { json: members.map(({ name }) => name) };
  const reports = new Map((gathered.payload ?? []).map((report) => [report.host, report]));
  const missing = new Map(gathered.missing.map((one) => [one.host, one]));
  const agents = members.map(
    (member): RosterMember => ({
      ...placed(member, roster),
      ...stateOf(missing.get(member.name)),
      ...toldBy(reports.get(member.name)),
    }),
  );
  const { id, epoch, revision, fanOut } = roster;
  const about = { roster: id, tree_epoch: epoch, root: claim.root.agent, revision, fan_out: fanOut };
  const answer: RosterAnswer = { ...about, agents };
  return { json: answer };
}

function placed(member: Member, roster: Roster): Omit<RosterMember, "state"> {
  const { name, addr, labels, standby, incarnation } = member;
  const { parent, backups } = roster.placeOf(member);
  return {
    agent: name,
    agent_addr: addr,
    ...(parent === undefined ? {} : { parent: parent.name }),
    backups: backups.map((backup) => backup.name),
    labels: Object.entries(labels).map(([label, value]) => `${label}=${value}`),
    ...(standby ? { standby } : {}),
    incarnation,
  };
}

function stateOf(missing: MissingHost | undefined): Pick<RosterMember, "state" | "last_seen" | "problem"> {
  if (missing === undefined) return { state: "up" };
  const { last_seen, message, reason } = missing;
  return {
    state: "down",
    problem: message ?? reason,
    ...(last_seen === undefined ? {} : { last_seen }),
  };
}

function toldBy(report: HostReport | undefined): Pick<RosterMember, "observed_revision" | "refused"> {
  if (report === undefined) return {};
  const { host: _, ...told } = report;
  return told;
}
