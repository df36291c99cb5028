// The second transport: messages by way of NATS servers, to which every agent connects out, from behind NAT too.
// Only the way of the messages is another: the tree, its deadlines and its answers are the same.

import {
  connect,
  createInbox,
  type Msg,
  type MsgCallback,
  type NatsConnection,
} from "@nats-io/transport-node";
import type { RequestInput } from "../../controller-client/index.js";
import { type AgentAddress, TallyError } from "../../controller-client/messages/index.js";
import { systemTime, type Time } from "../time.js";
import type { Budget, Reply, Transport } from "../transport.js";
import { cut, Pieces } from "./pieces.js";
import { subjectOf } from "./subject.js";

export interface NatsOptions {
  /** "nats://10.0.0.1:4222", one or more of a cluster; a user and a password may stand before the host. */
  readonly servers: readonly string[];
  /** Told when the connection is lost and when it is there again. */
  readonly onChange?: (isConnected: boolean) => void;
  readonly time?: Time;
}

/** Milliseconds past the agent's own deadline, for its answer to travel. */
const slackMs = 500;
const reconnectMs = 500;
/** Two missed in a row, and the server is taken to be gone. */
const pingMs = 5000;
/** What a server says in a reply's place when nobody listens to a subject. */
const nobodyThere = 503;

/** Answers the text of one message. Never rejects. */
export type Respond = (text: string) => Promise<Reply>;

export class NatsTransport implements Transport {
  readonly #connecting: Promise<NatsConnection>;
  readonly #time: Time;
  readonly #onChange: (isConnected: boolean) => void;
  #connection: NatsConnection | undefined;
  #isClosed = false;

  /** Connects in the background, as often as it takes. */
  constructor({ servers, onChange = () => undefined, time = systemTime }: NatsOptions) {
    this.#time = time;
    this.#onChange = onChange;
    this.#connecting = connect({
      ...credentials(servers[0]),
      servers: servers.map((server) => server.replace(/\/\/[^/@]*@/, "//")),
      waitOnFirstConnect: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: reconnectMs,
      pingInterval: pingMs,
    });
    this.#connecting.then((connection) => this.#watch(connection)).catch(() => undefined);
  }

  /** Resolves when a server is connected for the first time. */
  async connected(): Promise<void> {
    await this.#connecting;
  }

  async request(to: AgentAddress, message: RequestInput, { ms, bytes }: Budget): Promise<Reply> {
    const connection = this.#connection;
    if (connection === undefined) throw new TallyError("unavailable", "no NATS server is connected");
    const pieces = new Pieces(bytes);
    const inbox = createInbox();
    return new Promise((resolve, reject) => {
      const end = () => {
        callOff();
        if (!connection.isClosed()) subscription.unsubscribe();
      };
      const settle = (step: () => Reply | undefined) => {
        try {
          const reply = step();
          if (reply === undefined) return;
          end();
          resolve(reply);
        } catch (error) {
          end();
          reject(error);
        }
      };
      const callOff = this.#time.after(ms + slackMs, () => settle(() => tooLate(to, ms)));
      const callback: MsgCallback<Msg> = (error, piece) =>
        settle(() => (error === null ? readPiece(to, piece, pieces) : nobodyAt(to)));
      const subscription = connection.subscribe(inbox, { callback });
      settle(() => send(connection, to, { message, inbox }));
    });
  }

  /** Answers what is asked of the agent at `address` from now on, and again after each lost connection. */
  async serve(address: AgentAddress, respond: Respond): Promise<void> {
    const connection = await this.#connecting;
    connection.subscribe(subjectOf(address.name), {
      // Should two agents have one name, one of them answers and not both.
      queue: "agent",
      callback: (error, message) => {
        if (error === null) void this.#answer(connection, message, respond);
      },
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#connection = undefined;
    void this.#connecting.then((connection) => connection.close()).catch(() => undefined);
  }

  async #answer(connection: NatsConnection, message: Msg, respond: Respond): Promise<void> {
    const reply = await respond(message.string());
    if (connection.isClosed()) return;
    const maxPayload = connection.info?.max_payload ?? 0;
    for (const { headers, data } of cut(reply, maxPayload)) message.respond(data, { headers });
  }

  async #watch(connection: NatsConnection): Promise<void> {
    const note = (isConnected: boolean) => {
      if (isConnected === (this.#connection !== undefined) || this.#isClosed) return;
      this.#connection = isConnected ? connection : undefined;
      this.#onChange(isConnected);
    };
    if (this.#isClosed) return connection.close();
    note(true);
    for await (const { type } of connection.status()) {
      if (type === "disconnect") note(false);
      if (type === "reconnect") note(true);
    }
  }
}

function credentials(server = ""): { readonly user?: string; readonly pass?: string } {
  const [, user, pass] = /\/\/([^/@:]*):([^/@]*)@/.exec(server) ?? [];
  return user === undefined || pass === undefined ? {} : { user, pass };
}

function readPiece(to: AgentAddress, { headers, data }: Msg, pieces: Pieces): Reply | undefined {
  return headers?.code === nobodyThere ? nobodyAt(to) : pieces.add(headers, data);
}

interface Letter {
  readonly message: RequestInput;
  readonly inbox: string;
}

function send(connection: NatsConnection, { name }: AgentAddress, { message, inbox }: Letter): undefined {
  try {
    connection.publish(subjectOf(name), JSON.stringify(message), { reply: inbox });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const advice = "raise the server's max_payload";
    throw new TallyError("too_large", `the message to ${name} cannot be sent (${why}): ${advice}`, { cause });
  }
}

function tooLate({ name }: AgentAddress, ms: number): never {
  const message = `no answer from ${name} within ${Math.ceil(ms)} ms: ask again with a larger timeout_ms`;
  throw new TallyError("timeout", message);
}

function nobodyAt({ name }: AgentAddress): never {
  throw new TallyError("unavailable", `no agent of the name ${name} is connected to the NATS servers`);
}
