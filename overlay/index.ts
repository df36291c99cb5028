// The public door of the overlay: a static tree of agents, questions to a subtree, and configuration for it.
// It knows nothing about packets: what is counted, and how counts add up, is passed in as a Codec.

export { AgentLinks } from "./agent-links.js";
export { type AnnouncementOptions, announce } from "./announcement.js";
export type { Ask } from "./ask.js";
export { type Configured, hostsBehind } from "./behind.js";
export { type Child, nameOf } from "./children.js";
export { type Clock, clocksOff, noClocks } from "./clocks.js";
export { within } from "./deadline.js";
export { type Gathered, type Question, refuseLoop } from "./gather.js";
export { HttpTransport } from "./http-transport.js";
export { addLoss, isNothing, noLoss } from "./loss.js";
export { natsTransport } from "./nats/lazily.js";
export type { NatsTransport } from "./nats/transport.js";
export { type Codec, encodePartial, type Partial } from "./partial.js";
export { failureOf, type OwnPart } from "./replies.js";
export { rollCallCodec } from "./roll-call.js";
export { recordIn } from "./roster/claims.js";
export { labelsOf, type Self } from "./roster/identity.js";
export { Membership } from "./roster/membership.js";
export type { Kept, MembershipOptions, RosterEvent } from "./roster/membership-options.js";
export type { Member, Roster, RosterRecord } from "./roster/roster.js";
export type { Send } from "./roster/send.js";
export { RosterService } from "./roster/service.js";
export { pause, repeat, systemTime, type Time } from "./time.js";
export type { Budget, Reply, Transport } from "./transport.js";
export { Tree, type TreeOptions } from "./tree.js";
export type { TellLimits } from "./wanted-state.js";
