// The guard: who is judged to hang, and by whom.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Host, until } from "../lab.js";
import { Network } from "../lab-network.js";
import { filled, monitorArgv, savedRules, signalAll, stand, withScript } from "./firewall.js";

let network: Network;
let own: Host;
let peer: Host;

beforeEach(() => {
  network = new Network(2);
  [own, peer] = [network.host(0), network.host(1)];
});
afterEach(() => network?.close());

const inline = ["--tap", "nfqueue"];
const loss = () => network.loss(own);
const rules = () => savedRules(network.lab, own);

/** Once, the process that a file `still` names stands still for 2 s of an installation and a moment longer. */
const standingStill = (still: string) => `
if [[ $tool == ip6tables-restore ]] && [[ -e ${still} ]]; then
  stopped=$(<${still})
  rm ${still}
  kill -STOP $stopped
  sleep 2
  (sleep 0.25; kill -CONT $stopped) >/dev/null 2>&1 &
fi
as "$tool" "$@"
`;

describe("the guard", () => {
  it("cannot be kept out by who takes a name", async () => {
    const take = `require("node:net").createServer().listen("\\0tallytree-guard", () => console.log("ready"))`;
    await network.lab.spawn(
      own,
      ["setpriv", "--reuid=65534", "--clear-groups", process.execPath, "-e", take],
      {
        ready: /ready/,
      },
    );
    const monitor = await network.startMonitor(own, inline);
    expect(filled(await rules())).toBe(true);
    expect(await monitor.stop()).toBe(0);
  });

  it("takes a machine that stood still for no monitor that hangs", async () => {
    await network.startMonitor(own, inline);
    await network.startAgent(own);
    const id = await network.count(own, { proto: "icmp" });
    signalAll(own, "SIGSTOP");
    await sleep(3000);
    signalAll(own, "SIGCONT", "tallytree-guard");
    await sleep(250); // it looks around before the monitor can say a word
    signalAll(own, "SIGCONT");
    await network.ping(peer, own.address, 7);
    expect(await loss()).toMatchObject({ complete: true, gaps: [] });
    const ask = { type: "query sketch", sketch_id: id, counter_key_type: "src", counter_key: peer.address };
    expect(await network.ask(own, ask)).toBe(7);
  });

  it("hears a monitor before it judges it when it was itself held up by a change", async () => {
    const still = join(network.lab.folder, "still");
    const argv = withScript(network.lab, monitorArgv(network.lab, inline), standingStill(still));
    const monitor = await network.lab.spawn(own, argv, { ready: /monitor is up/ });
    await network.startAgent(own);
    await network.count(own, { proto: "icmp" });
    await network.count(own, { proto: "icmp", interface: "OUTPUT" });
    writeFileSync(still, String(monitor.pid));
    await network.lab.must(own, "iptables", "-t", "mangle", "-F");
    await until("the monitor to stand still", () => (existsSync(still) ? undefined : true));
    await sleep(2500);
    await until("the rules to be back", async () => (stand(await rules()) ? true : undefined));
    await until("the gap to end", async () =>
      (await loss()).gaps.at(-1)?.to === undefined ? undefined : true,
    );
    for (const { reason } of (await loss()).gaps) expect(reason).toBe("flushed");
  });
});
