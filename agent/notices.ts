// Sends alerts on, as HTTP posts, to whoever a watch names. Nothing waits for it, and nothing that is answered is read.

import { request } from "node:http";
import { pause, type Time } from "../overlay/index.js";

/** For one try. */
const tryMs = 2000;
/** Before each try but the first. */
const pausesMs = [1000, 5000, 15_000];
/** Notices that wait or are under way, for all receivers together. */
const mostWaiting = 1000;

/** Told how it went: undefined when the notice was taken. */
export type OnSent = (problem: string | undefined) => void;

export class Notices {
  readonly #time: Time;
  /** The last notice for each receiver: the next one waits for it, so they come in order. */
  readonly #last = new Map<string, Promise<void>>();
  #waiting = 0;

  constructor(time: Time) {
    this.#time = time;
  }

  /** Posts `body` as JSON to an http URL, soon; tries a few times. Never throws. */
  send(url: string, body: object, onSent: OnSent): void {
    if (this.#waiting >= mostWaiting) {
      onSent(`${url} is too slow: an alert was not sent`);
      return;
    }
    this.#waiting += 1;
    const text = JSON.stringify(body);
    const before = this.#last.get(url) ?? Promise.resolve();
    const sent = before.then(async () => onSent(await this.#deliver(url, text)));
    const settled = sent.finally(() => {
      this.#waiting -= 1;
      if (this.#last.get(url) === settled) this.#last.delete(url);
    });
    this.#last.set(url, settled);
  }

  /** Undefined when it was taken, else why not. */
  async #deliver(url: string, text: string): Promise<string | undefined> {
    const once = () => tried(url, text).catch(({ message }: Error) => message);
    let problem = await once();
    for (const ms of pausesMs) {
      if (problem === undefined) return undefined;
      await pause(this.#time, ms);
      problem = await once();
    }
    return problem === undefined ? undefined : `an alert was not sent to ${url}: ${problem}`;
  }
}

/** One try, on a connection of its own. Whatever is not 2xx is a refusal: where it points to is not followed. */
function tried(url: string, text: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
    const signal = AbortSignal.timeout(tryMs);
    const post = request(url, { method: "POST", headers, agent: false, signal }, (response) => {
      const { statusCode = 0 } = response;
      response.destroy();
      resolve(statusCode >= 200 && statusCode < 300 ? undefined : `it answered ${statusCode}`);
    });
    post.on("error", ({ message }) => resolve(signal.aborted ? `no answer within ${tryMs} ms` : message));
    post.end(text);
  });
}
