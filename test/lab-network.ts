// A lab with monitors and agents in it, asked by HTTP as a controller would.

import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Loss, StatusAnswer, TapKind } from "../controller-client/messages/index.js";
import { type Host, Lab, type Running, startMs, until } from "./lab.js";
import type { Parcel, Receipt } from "./lab-courier.js";

// This file runs compiled, from dist/test/, and as it stands, from test/.
const here = import.meta.dirname;
const dist = here.endsWith("/dist/test") ? join(here, "..") : join(here, "..", "dist");
/** A machine with fewer cores than hosts does not answer all in time. */
const gatewayTimeout = 504;
export const port = 8000;

/** The compiled program, as an argument vector. */
export const program = (
  name: "monitor" | "agent" | "test/lab-courier" | "test/hostile-agent" | "controller-client/cli/main",
): readonly string[] => [process.execPath, join(dist, name.includes("/") ? `${name}.js` : `${name}/main.js`)];

/** A wrapper: in a session of its own, as a service manager starts a program. */
export const asService: readonly string[] = ["setsid"];

/** For messages of which no deadline is tested: the machine may be busy. */
export const patient = { timeout_ms: 5000 };

export interface AgentOptions {
  readonly tap?: TapKind;
  readonly cores?: number;
  readonly parent?: Host;
  /** What agents speak to each other by, as the agent's option takes it. */
  readonly transport?: string;
  /** Further options of the agent. */
  readonly more?: readonly string[];
}

/** The two programs of one host. */
export interface Station {
  readonly host: Host;
  readonly monitor: Running;
  readonly agent: Running;
  readonly socket: string;
}

export interface Answer {
  readonly status: number;
  /** Parsed JSON, or the text itself when it is none. */
  readonly value: unknown;
}

export interface Datagrams {
  readonly to: string;
  readonly dport: number;
  readonly sport?: number;
  readonly count: number;
  readonly size?: number;
}

/** The last host of the lab is the controller's; the others are for agents. */
export class Network {
  readonly lab: Lab;
  readonly #waiting = new Map<number, (receipt: Receipt) => void>();
  #courier: ChildProcess | undefined;
  #lastId = 0;

  constructor(agentHosts: number) {
    this.lab = new Lab(agentHosts + 1);
  }

  host(index: number): Host {
    return this.lab.host(index);
  }

  /** Starts monitor and agent in a host and waits until the agent is healthy. */
  async start(
    host: Host,
    { tap = "packet", cores = 1, parent, transport = "http", more = [] }: AgentOptions = {},
  ): Promise<Station> {
    const socket = join(this.lab.folder, `${host.name}.sock`);
    const monitor = await this.startMonitor(host, ["--tap", tap, "--cores", `${cores}`]);
    const above = parent === undefined ? [] : ["--parent", `http://${parent.address}:${port}`];
    const agent = await this.startAgent(host, ["--transport", transport, ...above, ...more]);
    return { host, monitor, agent, socket };
  }

  /** A NATS server at the controller's host; what agents take as their transport. */
  async startNats(): Promise<string> {
    const { address } = this.host(this.lab.hosts.length - 1);
    await this.lab.spawn(this.host(this.lab.hosts.length - 1), ["nats-server", "--addr", address], {
      ready: /Server is ready/,
    });
    return `nats://${address}:4222`;
  }

  /** It keeps a checkpoint only with --state among its options. `wrapper`: as of startAgent. */
  startMonitor(
    host: Host,
    options: readonly string[] = [],
    wrapper: readonly string[] = [],
  ): Promise<Running> {
    const socket = join(this.lab.folder, `${host.name}.sock`);
    const state = options.includes("--state") ? [] : ["--no-state"];
    const argv = [...wrapper, ...program("monitor"), "--socket", socket, ...state, ...options];
    return this.lab.spawn(host, argv, { ready: /monitor is up/ });
  }

  /** `wrapper`: a command that the agent's command line is given to ("env", "PATH=/nowhere"). */
  async startAgent(
    host: Host,
    options: readonly string[] = [],
    wrapper: readonly string[] = [],
  ): Promise<Running> {
    const socket = join(this.lab.folder, `${host.name}.sock`);
    const place = ["--address", host.address, "--port", `${port}`, "--monitor", socket];
    const agent = await this.lab.spawn(host, [...wrapper, ...program("agent"), ...place, ...options]);
    const ended = agent.ended.then((status) => {
      throw new Error(`the agent of ${host.name} ended with ${status}`);
    });
    await Promise.race([this.#health(host), ended]).catch((cause: Error) => {
      throw new Error(`${cause.message}:\n${agent.stdout()}${agent.stderr()}`, { cause });
    });
    return agent;
  }

  /** Posts a message as JSON and returns its answer, which must be a good one; a question that was late is asked again. */
  async ask(host: Host, message: object, tries = 3): Promise<unknown> {
    const { status, value } = await this.post(host, JSON.stringify(message), "application/json");
    const isLate = status === gatewayTimeout && /^query /.test((message as { type?: string }).type ?? "");
    if (isLate && tries > 1) return this.ask(host, message, tries - 1);
    if (status !== 200) throw new Error(`${JSON.stringify(message)}: ${status} ${JSON.stringify(value)}`);
    return value;
  }

  /** Posts any body with any content type. */
  post(host: Host, body: string, contentType?: string): Promise<Answer> {
    const rest = contentType === undefined ? { body } : { body, contentType };
    return this.#send({ url: `http://${host.address}:${port}/`, method: "POST", ...rest });
  }

  get(host: Host, path: string): Promise<Answer> {
    return this.#send({ url: `http://${host.address}:${port}${path}`, method: "GET" });
  }

  /** A sketch with one counter, by the public messages; its id. */
  async count(host: Host, filter: object, counter: object = { counter_key_type: "src" }): Promise<number> {
    const id = (await this.ask(host, { type: "config sketch", ...filter, ...patient })) as number;
    await this.ask(host, { type: "config sketch counter", sketch_id: id, ...counter, ...patient });
    return id;
  }

  /** What a host's monitor lost and when it was not there; throws when it is not up. */
  async loss(host: Host): Promise<Loss> {
    const { monitor } = (await this.ask(host, { type: "query status" })) as StatusAnswer;
    if (monitor.state !== "up") throw new Error(`the monitor of ${host.name} is ${monitor.state}`);
    return monitor.loss;
  }

  /** Sends `count` pings of 56 bytes (84 with IP) and waits for all answers. */
  async ping(from: Host, to: string, count: number): Promise<void> {
    await this.lab.must(from, "ping", "-q", "-c", `${count}`, "-i", "0.01", "-W", "2", to);
  }

  /** Sends datagrams of `size` bytes of UDP payload (28 more with IPv4, 48 with IPv6). Nobody need listen. */
  async udp(from: Host, { to, dport, sport, count, size = 100 }: Datagrams): Promise<void> {
    const script = `const [to, dport, sport, count, size] = process.argv.slice(1);
      const socket = require("node:dgram").createSocket(to.includes(":") ? "udp6" : "udp4");
      socket.on("error", () => undefined);
      socket.bind(Number(sport), async () => {
        for (let i = 0; i < Number(count); i++)
          await new Promise((done) => socket.send(Buffer.alloc(Number(size)), Number(dport), to, () => setTimeout(done, 1)));
        socket.close();
      });`;
    const args = [to, `${dport}`, `${sport ?? 0}`, `${count}`, `${size}`];
    await this.lab.must(from, process.execPath, "-e", script, ...args);
  }

  /** Sends datagrams of 18 bytes of UDP payload as fast as one socket can. */
  async flood(from: Host, { to, dport, count }: Pick<Datagrams, "to" | "dport" | "count">): Promise<void> {
    const script = `import socket, sys
to, dport, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
out = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(count): out.sendto(bytes(18), (to, dport))`;
    await this.lab.must(from, "python3", "-c", script, to, `${dport}`, `${count}`);
  }

  async close(): Promise<void> {
    await this.lab.close();
  }

  async #health(host: Host): Promise<void> {
    const isHealthy = async () => ((await this.get(host, "/healthz")).status === 200 ? true : undefined);
    await until(`the agent of ${host.name}`, isHealthy, startMs);
  }

  async #send(parcel: Omit<Parcel, "id">): Promise<Answer> {
    this.#courier ??= await this.#hire();
    this.#lastId += 1;
    const id = this.#lastId;
    const receipt = await new Promise<Receipt>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#courier?.stdin?.write(`${JSON.stringify({ ...parcel, id })}\n`);
    });
    this.#waiting.delete(id);
    return { status: receipt.status, value: parse(receipt.text) };
  }

  async #hire(): Promise<ChildProcess> {
    return new Promise((resolve) => {
      const onStart = (child: ChildProcess) => {
        const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
        lines.on("line", (line) => {
          const receipt = JSON.parse(line) as Receipt;
          this.#waiting.get(receipt.id)?.(receipt);
        });
        resolve(child);
      };
      const controller = this.host(this.lab.hosts.length - 1);
      void this.lab.spawn(controller, program("test/lab-courier"), { onStart });
    });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
