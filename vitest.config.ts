// One vitest project a test tier; tiers that make namespaces or networks run one file at a time.

import { defineConfig } from "vitest/config";

const tier = (name: string, options: object = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], environment: "node" as const, ...options },
});

const onPackets = {
  fileParallelism: false,
  testTimeout: 60_000,
  hookTimeout: 60_000,
  teardownTimeout: 30_000,
};

export default defineConfig({
  test: {
    projects: [
      tier("unit", { testTimeout: 15_000 }),
      tier("native", { testTimeout: 60_000, fileParallelism: false }),
      tier("netns", onPackets),
      tier("mininet", { ...onPackets, testTimeout: 300_000, hookTimeout: 120_000 }),
    ],
  },
});
