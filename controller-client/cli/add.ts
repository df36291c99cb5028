// tallytree add: agents below an agent.

import type { Asking } from "./asking.js";

export const addCommands: readonly Asking[] = [
  {
    name: "leaf-agent",
    type: "add leaf agent",
    positions: ["agent_addr"],
    summary: "put an agent below the asked one",
    about: [
      "From then on the agent asked answers for the other one too, and passes it every sketch. An agent started with --parent does this by itself.",
    ],
    examples: ["tallytree add leaf-agent 10.0.0.3 --at 10.0.0.2"],
  },
];
