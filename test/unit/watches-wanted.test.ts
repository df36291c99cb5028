// Watches are part of the configuration: they reach those below, outlive restarts, and do not come back once ended.

import { afterAll, describe, expect, it } from "vitest";
import { assemble } from "../../agent/assembly.js";
import { noWish } from "../../agent/roster-part.js";
import type { KeptConfiguration } from "../../agent/wanted-set.js";
import { parseAgentAddress, type WatchInfo } from "../../controller-client/messages/index.js";
import { FileMonitor, removeCaptures, type Station, Village } from "./agent-fakes.js";

afterAll(removeCaptures);

const counter = { sketch_id: 0, counter_key_type: "src" };
const watch = { type: "watch", ...counter, above: 5, label: "busy", scope: "host" };

async function two(): Promise<{ readonly village: Village; readonly root: Station; readonly leaf: Station }> {
  const village = new Village();
  const [root, leaf] = [village.add([]), village.add([])];
  await village.link(0, 1);
  return { village, root, leaf };
}

async function count({ ask }: Station): Promise<void> {
  await ask({ type: "config sketch" });
  await ask({ type: "config sketch counter", ...counter });
}

async function watchesOf({ ask }: Pick<Station, "ask">): Promise<readonly WatchInfo[]> {
  const { value } = await ask({ type: "query sketches", detail: true });
  return value.flatMap(({ watches = [] }: { readonly watches?: readonly WatchInfo[] }) => watches);
}

const uuids = async (station: Station) => (await watchesOf(station)).map(({ watch }) => watch);
const soon = () => new Promise((resolve) => setTimeout(resolve, 100));
const hash = ({ agent }: Station) => agent.wanted.summary.hash;

describe("in a tree made by hand", () => {
  it("go down with all they say, and end with their sketch", async () => {
    const { root, leaf } = await two();
    await count(root);
    const more = { send_to: "http://10.0.0.1:9000/", counter_key: "10.0.0.7", window: 3 };
    expect((await root.ask({ ...watch, ...more })).value).toBe(0);
    const info = { watch_id: 0, counter_key_type: "src", above: 5, scope: "host", label: "busy" };
    const [here] = await watchesOf(root);
    expect(here).toMatchObject({ ...info, ...more, window: { last: 3 } });
    expect(await watchesOf(leaf)).toEqual([here]);
    expect(hash(leaf)).toBe(hash(root));
    await root.ask({ type: "delete sketch", sketch_id: 0 });
    expect([await watchesOf(root), await watchesOf(leaf)]).toEqual([[], []]);
  });

  it("reach one that was away, and what ended meanwhile is ended there", async () => {
    const { village, root, leaf } = await two();
    await count(root);
    await root.ask(watch);
    village.silent.add(leaf.agent.name);
    await root.ask({ type: "unwatch", watch_id: 0 });
    await root.ask({ ...watch, above: 7 });
    expect(await watchesOf(leaf)).toMatchObject([{ above: 5 }]);
    village.silent.clear();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await root.agent.tree.tend(1000);
    await soon();
    expect(await uuids(leaf)).toEqual(await uuids(root));
    expect(await watchesOf(leaf)).toMatchObject([{ above: 7 }]);
  });

  it("are found again with their sketch by an agent that is restarted, with their ids", async () => {
    const { village, root } = await two();
    await count(root);
    for (const above of [1, 2, 3]) await root.ask({ ...watch, above });
    await root.ask({ type: "unwatch", watch_id: 1 });
    const before = await watchesOf(root);
    const again = village.restart(0);
    expect(await watchesOf(again)).toEqual(before);
    expect(before.map(({ watch_id }) => watch_id)).toEqual([0, 2]);
    expect((await again.ask(watch)).value).toBe(3);
  });

  it("that a monitor could not be told are told when it answers again", async () => {
    const { village, root } = await two();
    await count(root);
    await root.ask(watch);
    root.monitor.setMeta = () => Promise.reject(new Error("away"));
    await root.ask({ type: "unwatch", watch_id: 0 });
    Reflect.deleteProperty(root.monitor, "setMeta");
    await root.agent.upkeep.sync(1000);
    expect(await watchesOf(village.restart(0))).toEqual([]);
  });
});

describe("on a roster", () => {
  /** What a lease brings. */
  const heed = async (leaf: Station, root: Station) =>
    leaf.agent.wanted.heed(root.agent.wanted.summary, root.agent.address);

  it("are taken with the whole set when its hash is another one, and go when they are not in it", async () => {
    const village = new Village();
    const [root, leaf] = [village.add([]), village.add([])];
    for (const { agent } of [root, leaf]) await agent.upkeep.sync(1000);
    await count(root);
    await root.ask(watch);
    const [before] = [hash(root)];
    await heed(leaf, root);
    expect(await uuids(leaf)).toEqual(await uuids(root));
    expect(leaf.agent.wanted.taken).toEqual(root.agent.wanted.summary);
    await root.ask({ type: "unwatch", watch_id: 0 });
    await root.ask({ ...watch, scope: "subtree" });
    expect(hash(root)).not.toBe(before);
    await heed(leaf, root);
    expect(await uuids(leaf)).toEqual(await uuids(root));
    expect(leaf.agent.wanted.taken).toEqual(root.agent.wanted.summary);
    expect(leaf.agent.book.watches.list()).toMatchObject([{ watch: { inherited: true, scope: "subtree" } }]);
    // It takes over, and is fenced again.
    await leaf.agent.wanted.own();
    expect(leaf.agent.book.watches.list()).toMatchObject([{ watch: { inherited: false } }]);
    await leaf.agent.wanted.disown();
    expect(leaf.agent.book.watches.list()).toMatchObject([{ watch: { inherited: true } }]);
  });

  /** An agent over a monitor, with what it keeps. */
  function kept(monitor: FileMonitor, disk: { value?: KeptConfiguration }) {
    const keep = async (value: KeptConfiguration) => {
      disk.value = structuredClone(value);
    };
    const configuration = { keep, ...(disk.value === undefined ? {} : { kept: disk.value }) };
    const address = parseAgentAddress("10.0.0.1:8000");
    return assemble({ version: "0", address, monitor, wish: { ...noWish, configuration } });
  }

  it("are kept on disk, by which those in the monitor are corrected; files of before still load", async () => {
    const disk: { value?: KeptConfiguration } = {};
    const monitor = new FileMonitor([]);
    const first = kept(monitor, disk);
    await first.upkeep.sync(1000);
    const filter = { interface: "INPUT" } as const;
    const draft = { uuid: "11111111-1111-4111-8111-111111111111", secret: "1".repeat(32), filter };
    const sketch = first.book.add({ ...draft, rule: false, since: 1 });
    const one = { keyType: "src", limit: { above: 5 }, seconds: 1, scope: "host" } as const;
    first.book.watches.add(sketch, { ...one, uuid: "w0" });
    const second = first.book.watches.add(sketch, { ...one, uuid: "w1", limit: { below: 2 }, key: "total" });
    await first.upkeep.place(sketch, 1000);
    first.book.watches.remove("w0");
    await first.wanted.changed();

    const again = kept(monitor, disk);
    await again.upkeep.sync(1000);
    expect(again.wanted.restore()).toBe(true);
    expect(again.book.watches.list().map(({ watch }) => watch)).toEqual([{ ...second, inherited: false }]);
    expect(again.wanted.summary.hash).toBe(first.wanted.summary.hash);

    const [old] = disk.value?.sketches ?? [];
    const { watches: _, ...before } = old ?? ({} as never);
    disk.value = { own: 1, inherited: 0, sketches: [before] };
    const third = kept(new FileMonitor([]), disk);
    await third.upkeep.sync(1000);
    third.wanted.restore();
    expect(third.book.list()).toMatchObject([{ uuid: draft.uuid }]);
    expect(third.book.watches.list()).toEqual([]);
  });
});
