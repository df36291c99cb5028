// Reads one capture file for `tallytree replay`: the order is its argument, its events go to standard output.

import { type ReplayEvent, type ReplayOrder, toErrorBody } from "../controller-client/messages/index.js";
import { replay } from "./replay.js";

// Who asked is gone: so is the reason to read on.
process.stdout.on("error", () => process.exit(1));

const tell = (event: ReplayEvent): boolean => process.stdout.write(`${JSON.stringify(event)}\n`);

try {
  const order = JSON.parse(process.argv[2] ?? "") as ReplayOrder;
  tell({ result: await replay(order, (progress) => tell({ progress })) });
} catch (error) {
  tell({ error: toErrorBody(error).error });
  process.exitCode = 1;
}
