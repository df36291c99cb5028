// Watches on real packets: who crosses, who only adds to the sum, who is told, and who was away when it was said.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import type {
  AlertsDetail,
  NamedAlert,
  RosterStatus,
  SketchDetail,
  StatusAnswer,
} from "../../controller-client/messages/index.js";
import { type Host, type Running, until } from "../lab.js";
import { Network } from "../lab-network.js";

let network: Network;
afterEach(() => network?.close());

const port = 7;
const filter = { proto: "udp", dport: port };
const seconds = 3;
/** The window, a second that runs, and what a busy machine may add. */
const endsMs = seconds * 1000 + 12_000;

/** A web server at the controller's host, and what it was told so far. */
async function receiver(): Promise<{ readonly url: string; readonly told: () => readonly NamedAlert[] }> {
  const host = network.host(network.lab.hosts.length - 1);
  const script = `require("node:http").createServer((message, response) => {
    let text = "";
    message.on("data", (chunk) => (text += chunk));
    message.on("end", () => { console.log(text); response.end(); });
  }).listen(9000, "${host.address}", () => console.error("listening"))`;
  const server = await network.lab.spawn(host, [process.execPath, "-e", script], { ready: /listening/ });
  const told = () =>
    server
      .stdout()
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as NamedAlert);
  return { url: `http://${host.address}:9000/alerts`, told };
}

const alerts = async (host: Host, fields: object = {}) =>
  (await network.ask(host, { type: "query alerts", ...fields })) as readonly NamedAlert[];

const first = (host: Host, watch_id: number, isEnded: boolean) =>
  until(
    `an alert of watch ${watch_id}`,
    async () => (await alerts(host, { watch_id })).find((one) => (one.until !== undefined) === isEnded),
    endsMs,
  );

const name = ({ address }: Host) => `${address}:8000`;

it("tells which host crossed, and that the sum did where no host did", async () => {
  network = new Network(3);
  const [root, other, third, controller] = network.lab.hosts as [Host, Host, Host, Host];
  await network.start(root);
  await network.start(other, { parent: root });
  await network.start(third, { parent: root });
  const { url, told } = await receiver();
  const sketch_id = await network.count(root, filter);
  const counter = { type: "watch", sketch_id, counter_key_type: "src", window: { last: seconds } };
  const own = { ...counter, above: 100, scope: "host", send_to: url, label: "one host" };
  const sum = { ...counter, above: 200, counter_key: "total", send_to: url };
  expect(await network.ask(root, own)).toBe(0);
  expect(await network.ask(root, sum)).toBe(1);
  await until("windows that are covered", async () => {
    const { problems } = (await network.ask(root, { type: "query alerts", detail: true })) as AlertsDetail;
    return problems.length === 0 || undefined;
  });
  await sleep(seconds * 1000);

  // 90 packets to each of three hosts: 270 in all, and more than 100 to none.
  const send = (to: Host, count: number) =>
    network.udp(controller, { to: to.address, dport: port, count, size: 10 });
  await Promise.all([root, other, third].map((to) => send(to, 90)));
  const raised = await first(root, 1, false);
  expect(raised).toMatchObject({ agent: name(root), key: "total", certain: true, complete: true });
  expect(Number(raised.value)).toBeGreaterThan(200);
  const ended = await first(root, 1, true);
  expect(ended).toMatchObject({ watch: raised.watch, since: raised.since, complete: true });
  expect(Number(ended.value)).toBeLessThanOrEqual(270);
  expect(await alerts(root, { watch_id: 0 })).toEqual([]);

  // One that crosses alone.
  await send(third, 150);
  const crossed = await first(root, 0, false);
  const alert = { host: name(third), key: controller.address, label: "one host", certain: true };
  expect(crossed).toMatchObject(alert);
  expect(await first(root, 0, true)).toMatchObject({ ...alert, since: crossed.since });
  expect(await alerts(root, { watch_id: 1, since: crossed.since })).toEqual([]);
  expect((await alerts(third)).map(({ host }) => host)).toEqual([name(third)]);
  expect(await alerts(other)).toEqual([]);

  await until("four notices", () => told().length >= 4 || undefined);
  const notices = told().map(({ key, since, until }) => [key, since, until === undefined]);
  expect(notices).toEqual([
    ["total", raised.since, true],
    ["total", raised.since, false],
    [controller.address, crossed.since, true],
    [controller.address, crossed.since, false],
  ]);
}, 300_000);

it("reaches a host that was down, outlives the root's restart, and does not come back once it is ended", async () => {
  network = new Network(2);
  const [root, leaf] = network.lab.hosts as [Host, Host];
  const state = (host: Host) => ["--state", join(network.lab.folder, `state-${host.name}`)];
  const agents = new Map<Host, Running>();
  const start = async (host: Host) => {
    const place = host === root ? ["--root"] : ["--join", `http://${root.address}:8000`];
    agents.set(host, await network.startAgent(host, [...place, ...state(host)]));
  };
  const kill = (host: Host) => agents.get(host)?.stop("SIGKILL");
  for (const host of [root, leaf]) await network.startMonitor(host);
  for (const host of [root, leaf]) await start(host);
  const sketch_id = await network.count(root, filter);
  const watch = { type: "watch", sketch_id, counter_key_type: "src", scope: "host", window: seconds };
  await network.ask(root, { ...watch, above: 5 });

  const labels = async (host: Host) => {
    const [sketch] = (await network.ask(host, {
      type: "query sketches",
      detail: true,
    })) as readonly SketchDetail[];
    return sketch?.watches?.map(({ above }) => above).join();
  };
  const configuration = async (host: Host) =>
    ((await network.ask(host, { type: "query status" })) as StatusAnswer).configuration;
  const converged = (above: string) =>
    until("the same watches", async () => {
      const [here, there] = [await configuration(root), await configuration(leaf)];
      return ((await labels(leaf)) === above && here.hash === there.hash) || undefined;
    });
  await converged("5");

  await kill(leaf);
  await network.ask(root, { ...watch, above: 8 });
  await network.ask(root, { type: "unwatch", watch_id: 0 });
  await start(leaf);
  await converged("8");

  // The root finds its own again, by the same id; what is ended is ended for both.
  await kill(root);
  await start(root);
  await until("the root's disk", async () => (await labels(root)) === "8" || undefined);
  await converged("8");
  const refused = await network.post(
    leaf,
    JSON.stringify({ type: "unwatch", watch_id: 1 }),
    "application/json",
  );
  expect(refused).toMatchObject({ status: 409, value: { error: { code: "conflict", field: "watch_id" } } });
  expect(await network.ask(root, { type: "unwatch", watch_id: 1 })).toBe("ok: watch 1 ended");
  await until("no watch", async () => (await labels(leaf)) === undefined || undefined);
  await kill(leaf);
  await start(leaf);
  await sleep(5000);
  expect(await labels(leaf)).toBeUndefined();
}, 300_000);

it("goes on with its alert at the standby when the root dies, and tells nobody twice", async () => {
  network = new Network(3);
  const [root, standby, leaf, controller] = network.lab.hosts as [Host, Host, Host, Host];
  const state = ["--state", join(network.lab.folder, "state")];
  for (const host of [root, standby, leaf]) await network.startMonitor(host);
  const start = (host: Host, place: readonly string[]) => network.startAgent(host, [...place, ...state]);
  const agent = await start(root, ["--root"]);
  await start(standby, ["--join", `http://${root.address}:8000`, "--standby"]);
  await start(leaf, ["--join", `http://${root.address}:8000`]);
  const { url, told } = await receiver();
  const sketch_id = await network.count(root, filter);
  const watch = { type: "watch", sketch_id, counter_key_type: "src", counter_key: "total", window: seconds };
  await network.ask(root, { ...watch, above: 50, send_to: url });
  const role = async (host: Host) =>
    ((await network.ask(host, { type: "query status" })) as { readonly roster: RosterStatus }).roster.role;

  let isOver = false;
  const traffic = (async () => {
    for (let i = 0; i < 500 && !isOver; i++)
      await network.udp(controller, { to: leaf.address, dport: port, count: 100, size: 10 });
  })().catch(() => undefined);
  const raised = await first(root, 0, false);
  expect(raised).toMatchObject({ agent: name(root), key: "total" });
  expect(await alerts(standby)).toEqual([]);
  // The standby has copied it.
  await sleep(5000);
  await agent.stop("SIGKILL");
  await until("a new root", async () => (await role(standby)) === "root" || undefined);
  const goesOn = await until(
    "the alert at the new root",
    async () => (await alerts(standby, { watch_id: 0 })).find(({ certain }) => certain),
    endsMs,
  );
  expect(goesOn).toMatchObject({ agent: name(standby), watch: raised.watch, since: raised.since });
  expect(goesOn.until).toBeUndefined();

  // The first root follows, and leaves the judging to the other.
  await start(root, ["--root"]);
  await until("the first root below", async () => (await role(root)) === "member" || undefined);
  isOver = true;
  await traffic;
  const ended = await first(standby, 0, true);
  expect(ended).toMatchObject({ since: raised.since, key: "total" });
  expect(await alerts(root)).toEqual([]);
  await until("both notices", () => told().length >= 2 || undefined);
  await sleep(2000);
  expect(told().map(({ since, until }) => [since, until])).toEqual([
    [raised.since, undefined],
    [raised.since, ended.until],
  ]);
}, 300_000);
