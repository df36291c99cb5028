// A network that delays, loses and repeats messages, and falls apart, all by chance that repeats.

import { type AgentAddress, TallyError } from "../../controller-client/messages/index.js";
import type { Budget, Reply, Transport } from "../../overlay/index.js";
import type { Chance } from "./chance.js";
import type { SimulatedTime } from "./simulated-time.js";

type Message = Parameters<Transport["request"]>[1];

/** What listens at an address. */
export type Listener = (message: Message, budget: Budget) => Promise<Reply>;

export interface Weather {
  /** Milliseconds that a message is under way, at most. */
  readonly delayMs: number;
  /** Share of the messages that never arrive. */
  readonly loss: number;
  /** Share of the messages that arrive twice. */
  readonly repeats: number;
}

export const fairWeather: Weather = { delayMs: 5, loss: 0, repeats: 0 };

/** Past the budget, before the sender gives up: as over HTTP. */
const slackMs = 500;

export class SimulatedNetwork {
  readonly #time: SimulatedTime;
  readonly #chance: Chance;
  readonly #listeners = new Map<string, Listener>();
  /** Which island an address is on; messages do not pass between two. */
  readonly #islands = new Map<string, number>();
  weather: Weather = fairWeather;

  constructor(time: SimulatedTime, chance: Chance) {
    this.#time = time;
    this.#chance = chance;
  }

  listen(address: string, listener: Listener): void {
    this.#listeners.set(address, listener);
  }

  leave(address: string): void {
    this.#listeners.delete(address);
  }

  /** Cuts these addresses off from all others. */
  split(addresses: readonly string[], island: number): void {
    for (const address of addresses) this.#islands.set(address, island);
  }

  /** Joins all islands. */
  heal(): void {
    this.#islands.clear();
  }

  /** How the agent at `from` speaks to others. */
  transport(from: string): Transport {
    return {
      request: (to, message, budget) => this.#request(from, to, message, budget),
      close: async () => undefined,
    };
  }

  #request(from: string, { name: to }: AgentAddress, message: Message, budget: Budget): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const late = new TallyError("timeout", `no answer from ${to}`);
      const giveUp = this.#time.after(budget.ms + slackMs, () => reject(late));
      const settle = (act: () => void): void => {
        giveUp();
        act();
      };
      this.#carry(from, to, () => {
        const listener = this.#listeners.get(to);
        const refused = new TallyError("unavailable", `${to} refuses the connection`);
        if (listener === undefined) return this.#carry(to, from, () => settle(() => reject(refused)));
        listener(message, budget).then(
          (reply) => this.#carry(to, from, () => settle(() => resolve(reply))),
          () => undefined,
        );
      });
    });
  }

  #carry(from: string, to: string, arrive: () => void): void {
    const { loss, repeats } = this.weather;
    if (this.#chance.happens(loss)) return;
    const times = this.#chance.happens(repeats) ? 2 : 1;
    for (let time = 0; time < times; time++) {
      this.#time.after(this.#delay(), () => {
        if (this.#islands.get(from) === this.#islands.get(to)) arrive();
      });
    }
  }

  // Most messages are quick; some are as slow as the weather allows.
  #delay(): number {
    return this.weather.delayMs * this.#chance.next() ** 3;
  }
}
