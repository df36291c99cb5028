// One connection to a monitor's socket, made on demand: matches answers to requests and keeps their deadlines.

import { connect, type Socket } from "node:net";
import {
  encodeFrame,
  type Frame,
  FrameReader,
  fromErrorBody,
  TallyError,
} from "../controller-client/messages/index.js";
import type { Fields } from "./protocol.js";

/** Who connects. */
export type Introduction = Fields<"introduce">;

interface Waiting {
  readonly socket: Socket;
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: TallyError) => void;
}

export class Connection {
  readonly #path: string;
  readonly #introduction: Introduction | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #socket: Socket | undefined;
  /** The monitor served another agent when it was greeted last. */
  #isSecond = false;
  #lastId = 0;

  /** `introduction`: said first on each connection. */
  constructor(path: string, introduction?: Introduction) {
    this.#path = path;
    this.#introduction = introduction;
  }

  /** The answer's fields and body. Rejects with the monitor's own error, `monitor_down`, or `timeout` after `deadlineMs`. */
  async ask(op: string, fields: object, deadlineMs: number): Promise<Frame> {
    this.#lastId += 1;
    const id = this.#lastId;
    const timer = setTimeout(() => this.#expire(id, op, deadlineMs), deadlineMs);
    try {
      const frame = await new Promise<Frame>((resolve, reject) => {
        this.#socket ??= this.#open();
        this.#waiting.set(id, { socket: this.#socket, resolve, reject });
        this.#socket.write(request(op, fields, id));
      });
      this.#isSecond = false;
      return frame;
    } catch (error) {
      // Others than a greeting are refused so for what they ask, too.
      if (op === "hello" && error instanceof TallyError && error.code === "conflict") this.#isSecond = true;
      throw error;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** Requests under way reject with `monitor_down`; the next one connects again. */
  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): Socket {
    const socket = connect(this.#path);
    const reader = new FrameReader();
    let cause: unknown;
    socket.on("error", (error) => {
      cause = error;
    });
    socket.on("data", (chunk: Buffer) => this.#read(socket, reader, chunk));
    socket.on("close", () => this.#lose(socket, cause));
    // Nobody waits for its answer: whether this agent is served the next one tells.
    if (this.#introduction !== undefined) socket.write(request("introduce", this.#whoAsks(), 0));
    return socket;
  }

  #whoAsks(): object {
    return { ...this.#introduction, ...(this.#isSecond ? { second: true } : {}) };
  }

  #read(socket: Socket, reader: FrameReader, chunk: Buffer): void {
    try {
      for (const frame of reader.push(chunk)) this.#settle(frame);
    } catch (error) {
      socket.destroy(error as Error);
    }
  }

  /** An answer after its deadline finds nobody waiting and is dropped. */
  #settle({ head: { id, ok, ...head }, body }: Frame): void {
    const waiting = this.#waiting.get(id as number);
    if (ok === true) waiting?.resolve({ head, body });
    else waiting?.reject(fromErrorBody(head) ?? nonsense());
  }

  #expire(id: number, op: string, deadlineMs: number): void {
    const message = `the monitor did not answer "${op}" within ${Math.round(deadlineMs)} ms`;
    this.#waiting.get(id)?.reject(new TallyError("timeout", message));
  }

  #lose(socket: Socket, cause: unknown): void {
    if (this.#socket === socket) this.#socket = undefined;
    const error = this.#downError(cause);
    for (const waiting of this.#waiting.values()) if (waiting.socket === socket) waiting.reject(error);
  }

  #downError(cause: unknown): TallyError {
    const denied = (cause as NodeJS.ErrnoException | undefined)?.code === "EACCES";
    const message = denied
      ? `not allowed to open the monitor's socket ${this.#path}: start tallytree-monitor with --group set to a group of this user, and let it into the folder`
      : `no monitor answers at ${this.#path}: start tallytree-monitor`;
    return new TallyError("monitor_down", message, { cause });
  }
}

const request = (op: string, fields: object, id: number): Uint8Array =>
  encodeFrame({ head: { ...fields, id, op }, body: new Uint8Array() });

const nonsense = (): TallyError => new TallyError("internal", "the monitor's answer makes no sense");
