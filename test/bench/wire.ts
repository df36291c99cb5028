// Two namespaces joined by a veth, and a receiver to be measured in one of them, where a generator lets packets arrive.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Host, Lab, type Running } from "../lab.js";

// This file runs compiled, from dist/test/bench/.
export const root = join(import.meta.dirname, "../../..");
export const generator = join(root, "build/native-test/generator");
export const plainRing = join(root, "build/native-test/plain-ring");
const device = "wire";
/** Until a receiver has read what the kernel holds for it. */
const drainMs = 500;
const startMs = 700;

export interface Traffic {
  readonly name: string;
  readonly flows: "zipf" | "churn";
  readonly packets: number;
  /** Packets a second; undefined: as fast as the kernel's receive path goes. */
  readonly rate?: number;
}

export interface Receiver {
  readonly name: string;
  /** Runs until SIGTERM. */
  readonly argv: readonly string[];
  /** Packets accounted, of all it has said; NaN when it does not say. */
  readonly packets: (said: string) => number;
  /** Asked before the end, in the receiver's namespace; its output is part of what was said. */
  readonly asking?: readonly string[];
  /** Until it reads, in milliseconds. */
  readonly startMs?: number;
}

export interface Run {
  /** Nanoseconds of the receiver's processes a packet sent. */
  readonly cpu: number;
  readonly packetsPerSecond: number;
  /** Share of the packets sent. */
  readonly accounted: number;
  /** Milliseconds that the receiver could have run and did not get its core. */
  readonly waited: number;
}

export class Wire {
  readonly #lab: Lab;
  readonly #receiver: Host;
  readonly #address: string;

  /** Builds the generator. Needs root. */
  constructor() {
    buildGenerator();
    this.#lab = new Lab(2);
    this.#receiver = this.#lab.host(1);
    const [a, b] = [this.#lab.host(0).namespace, this.#receiver.namespace];
    command("ip", "-n", a, "link", "add", device, "type", "veth", "peer", "name", device, "netns", b);
    for (const namespace of [a, b]) this.#prepare(namespace);
    // Frames can be injected only where the veth has NAPI.
    this.#at(b, "ethtool", "-K", device, "gro", "on");
    // The packets end behind the taps and cost the host nothing more.
    this.#at(b, "iptables", "-t", "raw", "-A", "PREROUTING", "-i", device, "-j", "DROP");
    this.#address = this.#at(b, "cat", `/sys/class/net/${device}/address`).trim();
  }

  get folder(): string {
    return this.#lab.folder;
  }

  get device(): string {
    return device;
  }

  close(): Promise<void> {
    return this.#lab.close();
  }

  /** One receiver, started anew, on core 1 and one lot of traffic from core 0. */
  async measure(receiver: Receiver, traffic: Traffic): Promise<Run> {
    const running = await this.#lab.spawn(this.#receiver, ["taskset", "-c", "1", ...receiver.argv]);
    await sleep(receiver.startMs ?? startMs);
    const before = scheduled(running.pid);
    const { sent, seconds } = await this.#send(traffic);
    await sleep(drainMs);
    const after = scheduled(running.pid);
    const packets = await this.#accounted(receiver, running);
    return {
      cpu: (after.ran - before.ran) / sent,
      packetsPerSecond: sent / seconds,
      accounted: packets / sent,
      waited: (after.waited - before.waited) / 1e6,
    };
  }

  async #accounted({ asking, packets }: Receiver, running: Running): Promise<number> {
    const answer = asking === undefined ? "" : await this.#lab.must(this.#receiver, ...asking);
    await running.stop();
    return packets(`${answer}${running.stdout()}${running.stderr()}`);
  }

  async #send({ flows, packets, rate }: Traffic): Promise<{ sent: number; seconds: number }> {
    const words = ["arriving", device, flows, `${packets}`, `${rate ?? 0}`, this.#address];
    const said = await this.#lab.must(this.#receiver, "taskset", "-c", "0", generator, ...words);
    return JSON.parse(said) as { sent: number; seconds: number };
  }

  #prepare(namespace: string): void {
    this.#at(namespace, "sysctl", "-qw", `net.ipv6.conf.${device}.disable_ipv6=1`);
    command("ip", "-n", namespace, "link", "set", device, "up");
  }

  #at(namespace: string, ...argv: readonly string[]): string {
    return command("ip", "netns", "exec", namespace, ...argv);
  }
}

export function buildGenerator(): void {
  command("make", "-s", "-C", join(root, "native/test"), "generator");
}

/** Nanoseconds that all threads of a process ran, finer than /proc/PID/stat, and waited to run. */
function scheduled(pid: number): { readonly ran: number; readonly waited: number } {
  const sum = { ran: 0, waited: 0 };
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const [ran, waited] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ");
    sum.ran += Number(ran);
    sum.waited += Number(waited);
  }
  return sum;
}

function command(program: string, ...argv: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, argv, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${argv.join(" ")}: ${stderr}`);
  return stdout;
}
