// What is unlike anything before: passed in, so that a simulated run repeats itself.

import { randomBytes, randomUUID } from "node:crypto";

export interface Fresh {
  readonly uuid: () => string;
  /** 128 bits as hexadecimal digits. */
  readonly secret: () => string;
}

/** Nobody can guess these. */
export const systemFresh: Fresh = {
  uuid: () => randomUUID(),
  secret: () => randomBytes(16).toString("hex"),
};
