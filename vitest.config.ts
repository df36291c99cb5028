// The vitest projects: one a test tier, and one more for what of a tier bears nothing else beside it.

import { defineConfig } from "vitest/config";

/** Of some seven hundred files one is made: each test file would load them all. */
const optimizer = { ssr: { enabled: true, include: ["typebox", "typebox/compile"] } };

const project = (name: string, options: object) => ({
  test: { name, environment: "node" as const, deps: { optimizer }, ...options },
});
const all = (tier: string) => `test/${tier}/**/*.test.ts`;
const files = (tier: string, names: readonly string[]) => names.map((name) => `test/${tier}/${name}.test.ts`);

/** They flood, measure speed or time, or have an answer wait for a deadline. */
const loadSensitive = {
  netns: [
    "bandwidth",
    "books",
    "checkpoint",
    "cores",
    "faults",
    "hostile",
    "inline",
    "nflog",
    "offloads",
    "oracle",
    "pcap",
    "rubbish",
    "tree",
    "wanted",
    "watch",
  ],
  mininet: ["failure", "portscan"],
};

const onPackets = { testTimeout: 60_000, hookTimeout: 60_000, teardownTimeout: 30_000 };
const onMininet = { ...onPackets, testTimeout: 300_000, hookTimeout: 120_000 };
/** All labs of Mininet have the same names. */
const oneByOne = { fileParallelism: false };

export default defineConfig({
  test: {
    projects: [
      project("unit", { include: [all("unit")], testTimeout: 15_000, maxWorkers: "100%" }),
      project("native", { include: [all("native")], testTimeout: 60_000, ...oneByOne }),
      project("netns", {
        include: [all("netns")],
        exclude: files("netns", loadSensitive.netns),
        ...onPackets,
        maxWorkers: 2,
      }),
      project("netns-alone", { include: files("netns", loadSensitive.netns), ...onPackets, ...oneByOne }),
      project("mininet", {
        include: [all("mininet")],
        exclude: files("mininet", loadSensitive.mininet),
        ...onMininet,
        ...oneByOne,
      }),
      project("mininet-alone", {
        include: files("mininet", loadSensitive.mininet),
        ...onMininet,
        ...oneByOne,
      }),
    ],
  },
});
