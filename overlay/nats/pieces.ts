// Replies cut into messages that a NATS server lets pass, and put together again.

import { headers, type MsgHdrs } from "@nats-io/transport-node";
import { tooLong } from "../../controller-client/http-link.js";
import { TallyError } from "../../controller-client/messages/index.js";
import type { Reply } from "../transport.js";

/** Room for the headers of a message: they count for the server's limit too. */
const headerBytes = 512;

interface Piece {
  readonly headers: MsgHdrs;
  readonly data: Uint8Array;
}

/** `maxPayload`: what the server takes in one message. */
export function cut({ status, contentType, bytes }: Reply, maxPayload: number): readonly Piece[] {
  const size = Math.max(1, maxPayload - headerBytes);
  const count = Math.max(1, Math.ceil(bytes.length / size));
  return Array.from({ length: count }, (_, index) => ({
    headers: labelled({ status, type: contentType, piece: index, of: count }),
    data: bytes.subarray(index * size, (index + 1) * size),
  }));
}

function labelled(labels: Readonly<Record<string, string | number>>): MsgHdrs {
  const made = headers();
  for (const [name, value] of Object.entries(labels)) made.set(name, `${value}`);
  return made;
}

/** One reply while its pieces come. */
export class Pieces {
  readonly #mostBytes: number;
  readonly #data: Uint8Array[] = [];
  #length = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** The reply, with its last piece. Throws too_large, and unavailable when a piece was lost. */
  add(labels: MsgHdrs | undefined, data: Uint8Array): Reply | undefined {
    const number = (name: string) => Number(labels?.get(name) || Number.NaN);
    if (number("piece") !== this.#data.length) {
      throw new TallyError("unavailable", "a piece of the answer was lost on its way: ask again");
    }
    this.#length += data.length;
    if (this.#length > this.#mostBytes) throw tooLong(this.#mostBytes);
    this.#data.push(data);
    if (this.#data.length < number("of")) return undefined;
    const bytes = Buffer.concat(this.#data, this.#length);
    return { status: number("status"), contentType: labels?.get("type") ?? "", bytes };
  }
}
