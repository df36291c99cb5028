// The public door of the messages: everything that two programs of this system say to each other.

export {
  type AgentAddress,
  defaultPort,
  type Prefix,
  parseAddress,
  parseAgentAddress,
  parsePrefix,
} from "./addresses.js";
export * from "./answers.js";
export { decodeRequest, parseBody } from "./bodies.js";
export * from "./counter-answers.js";
export type {
  QueryDistinct,
  QueryDistribution,
  QueryEntropy,
  QuerySpread,
  QueryTaxonomy,
  QueryTop,
} from "./counter-queries.js";
export * from "./counts.js";
export * from "./errors.js";
export * from "./evidence.js";
export type { FieldSchema } from "./field-check.js";
export { type InterfaceName, interfaceNames, maxKey } from "./fields.js";
export * from "./frame.js";
export type {
  AddLeafAgent,
  ConfigCounter,
  QueryBw,
  QueryCounter,
  QueryLeafAgents,
  QueryStatus,
  ServeBw,
} from "./host-requests.js";
export { type KeyPart, type KeyPartName, keyParts, parseKeyType, parseOwners } from "./key-types.js";
export { hasPorts, type ProtocolName, protocolNumbers, protoNumber } from "./protocol-numbers.js";
export type { ReplayEvent, ReplayOrder, ReplayProgress, ReplayResult } from "./replay.js";
export { checkRequest } from "./request-check.js";
export * from "./requests.js";
export * from "./roster-answers.js";
export type {
  CopyConfiguration,
  CopyRoster,
  ExpelAgent,
  JoinRoster,
  LeaveRoster,
  QueryRoster,
  RejoinRoster,
  RenameAgent,
  RenewLease,
} from "./roster-requests.js";
export type {
  ConfigSketch,
  ConfigSketchCounter,
  DeleteSketch,
  QueryChange,
  QueryHeavyHitters,
  QueryRealTimeCounter,
  QuerySketch,
  QuerySketches,
} from "./sketch-requests.js";
export { isTapKind, type TapKind, tapKinds } from "./tap-kinds.js";
export * from "./watch-answers.js";
export type { QueryAlerts, Unwatch, Watch } from "./watch-requests.js";
export {
  longestLast,
  type NamedWindow,
  type RecentWindow,
  type Span,
  type WindowAsked,
} from "./windows.js";
