// Finds and loads the compiled part.

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

// This file runs as it stands, from native/, compiled, from dist/native/, and in programs, from dist/PROGRAM/.
const root = new URL(import.meta.url.endsWith(".ts") ? "../" : "../../", import.meta.url);

/** Path of what the native build made. */
export const built = (name: string): string => fileURLToPath(new URL(`build/Release/${name}`, root));

const addonPath = built("tallytree.node");
let loaded: unknown;

/** The exports of the add-on, loaded when they are first wanted; who asks declares the type of those it calls. */
export function addonAs<Exports>(): Exports {
  loaded ??= load();
  return loaded as Exports;
}

function load(): unknown {
  try {
    return createRequire(import.meta.url)(addonPath);
  } catch (cause) {
    const message = `the native add-on is not built for this machine (${addonPath}): run "npm run setup"`;
    throw Object.assign(new Error(message, { cause }), { code: "addon_missing" });
  }
}
