// tallytree watch and unwatch: conditions that agents judge, so that nobody need ask again and again.

import type { Asking } from "./asking.js";

export const watchCommands: readonly Asking[] = [
  {
    name: "watch",
    type: "watch",
    positions: [],
    summary: "judge a count each second, and keep the alerts",
    about: [
      "From now on the agent compares a count over the last seconds with --above or --below, once a second, and prints the watch's id. query alerts tells what came of it; --send-to has alerts posted as JSON when they begin and end, by the agent that judges.",
      "With --scope host each host of the subtree judges its own count, and each alert names its host; else the agent asked judges the sum over all of them. Without --counter-key each key of the counter that exceeds --above is an alert of its own.",
    ],
    examples: [
      "tallytree watch --sketch 0 --key src --above 1000",
      "tallytree watch --sketch 0 --key dport --counter-key key_num --above 20 --scope host",
      "tallytree watch --sketch 0 --key src --counter-key total --below 1 --send-to http://h1:9000",
    ],
  },
  {
    name: "unwatch",
    type: "unwatch",
    positions: ["watch_id"],
    summary: "end a watch and forget its alerts",
    about: ["It ends here and at all hosts below."],
    examples: ["tallytree unwatch 0 --at 10.0.0.2"],
  },
];
