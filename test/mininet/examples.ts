// The examples in their three forms, and what their printed answers say.

import { join } from "node:path";
import { root } from "./mininet-lab.js";

export type Form = "python" | "typescript" | "old style";
type OldExample = "query-bw" | "heavy-hitter" | "flow-size-distrib" | "portscan";
export type Example = OldExample | "contacts" | "watch";

const oldNames: Readonly<Record<OldExample, string>> = {
  "query-bw": "bandwidth",
  "heavy-hitter": "heavy-hitter",
  "flow-size-distrib": "flow-size",
  portscan: "portscan",
};

/** The command that runs an example in a host; interval in seconds. */
export function commandOf(form: Form, example: Example, rounds: number, interval: number): readonly string[] {
  if (form === "old style") {
    if (example === "contacts" || example === "watch") throw new Error("it has no old style");
    const script = join(root, "test", "mininet", "old_style.py");
    return ["/usr/bin/python3", script, oldNames[example], `${rounds}`, `${interval}`];
  }
  const options = ["--rounds", `${rounds}`, "--interval", `${interval}`];
  return form === "python"
    ? ["python3", join(root, "mininet", "examples", `${example.replaceAll("-", "_")}.py`), ...options]
    : ["node", join(root, "dist", "controller-client", "examples", `${example}.js`), ...options];
}

/** Every JSON object that was printed over several lines. */
export function printedObjects(text: string): readonly Readonly<Record<string, number>>[] {
  return [...text.matchAll(/^\{[^}]*\}/gm)].map(([json]) => JSON.parse(json) as Record<string, number>);
}
