// tallytree expel and rename: the agents of a roster.

import type { Asking } from "./asking.js";

export const expelCommands: readonly Asking[] = [
  {
    name: "agent",
    type: "expel agent",
    positions: ["agent"],
    summary: "take an agent off the roster",
    about: [
      "From then on nobody expects answers of it, and it counts for nobody. Started again, it may join again. Any agent of the roster passes this on to the root.",
    ],
    examples: ["tallytree expel agent 10.0.0.9:8000 --at 10.0.0.2"],
  },
];

export const renameCommands: readonly Asking[] = [
  {
    name: "agent",
    type: "rename agent",
    positions: ["agent", "name"],
    summary: "give an agent of the roster another name",
    about: ["It keeps its place, its sketches and its counts."],
    examples: ["tallytree rename agent 10.0.0.9:8000 web-9 --at 10.0.0.2"],
  },
];
