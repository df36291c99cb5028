// Bundles each program: node then reads a few files instead of some nine hundred, and starts three times as fast.

import { basename, dirname } from "node:path";
import { defineConfig } from "rolldown";

const programs = [
  "agent/main",
  "controller-client/cli/main",
  "monitor/cap-reader",
  "monitor/main",
  "replay/main",
];

/** A program stands where the compiler put its entry, so that paths relative to a module stay right. */
const bundle = (program: string) => {
  const name = basename(program);
  return {
    input: { [name]: `${program}.ts` },
    platform: "node" as const,
    output: { dir: `dist/${dirname(program)}`, chunkFileNames: `${name}-[name].js`, sourcemap: true },
  };
};

export default defineConfig(programs.map(bundle));
