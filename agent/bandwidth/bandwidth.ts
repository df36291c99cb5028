// One bandwidth test at a time on this host, as the side that sends or the side that receives.

import { createServer } from "node:net";
import { type RequestOf, TallyError } from "../../controller-client/messages/index.js";
import { systemTime, within } from "../../overlay/index.js";
import type { Iperf } from "./iperf.js";
import { type Rates, ratesOf } from "./rates.js";

export interface TestOptions {
  readonly query: RequestOf<"query bw">;
  /** Milliseconds left for the test. */
  readonly leftMs: () => number;
  readonly signal: AbortSignal;
  /** Has the destination's agent start a server; resolves to its port. */
  readonly openServer: () => Promise<number>;
}

/** What a server waits for its client, and what a test takes beyond its seconds. */
const connectMs = 5000;
const extraMs = 5000;
const graceMs = 500;

export class Bandwidth {
  readonly #iperf: Iperf;
  #busy = false;
  #over: Promise<void> = Promise.resolve();

  constructor(iperf: Iperf) {
    this.#iperf = iperf;
  }

  /** Sends to the destination and measures. Rejects with TallyError: conflict while another test runs, unavailable. */
  async measure({ query, leftMs, signal, openServer }: TestOptions): Promise<Rates> {
    const release = this.#occupy();
    try {
      const { src, dst, seconds } = query;
      const port = await openServer();
      return ratesOf(await this.#iperf.send({ src, dst, port, seconds, deadlineMs: leftMs(), signal }));
    } finally {
      release();
    }
  }

  /** Starts a server for one test on an address of this host; resolves to its port once it listens. */
  async serve(address: string, seconds: number): Promise<number> {
    // The sender of the last test knows that it is over a little before its server has ended.
    await within(this.#over, graceMs, systemTime).catch(() => undefined);
    const release = this.#occupy();
    try {
      const port = await freePort(address);
      const lifetimeMs = connectMs + seconds * 1000 + extraMs;
      const { ended } = await this.#iperf.serve({ address, port, connectMs, lifetimeMs });
      void ended.then(release);
      return port;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Ends a test that runs; resolves when nothing is left of it. */
  stop(): Promise<void> {
    return this.#iperf.stop();
  }

  #occupy(): () => void {
    if (this.#busy) {
      throw new TallyError("conflict", "another bandwidth test runs on this host: ask again when it is over");
    }
    this.#busy = true;
    const { promise, resolve } = whenResolved();
    this.#over = promise;
    return () => {
      this.#busy = false;
      resolve();
    };
  }
}

function whenResolved(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function freePort(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", (cause) => {
      reject(new TallyError("unavailable", `no port is free at ${address}`, { cause }));
    });
    probe.listen(0, address, () => {
      const bound = probe.address();
      probe.close(() => resolve(typeof bound === "object" && bound !== null ? bound.port : 0));
    });
  });
}
