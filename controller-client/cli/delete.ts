// tallytree delete: what config made.

import type { Asking } from "./asking.js";

export const deleteCommands: readonly Asking[] = [
  {
    name: "sketch",
    type: "delete sketch",
    positions: [],
    summary: "end a sketch and its counters",
    about: ["Ends a sketch on the agent asked and on every agent below it. What it counted is gone."],
    examples: ["tallytree delete sketch --sketch 0"],
  },
];
