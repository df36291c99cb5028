// The public door of the package: the typed client and the messages it speaks.

export { Client, type ClientOptions } from "./client.js";
export type { Command, Fields, OpenQuery, Query, RequestInput } from "./inputs.js";
export * from "./messages/index.js";
