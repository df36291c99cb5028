// Runs in the controller's namespace: sends one request after the other and prints how long each took, as JSON.

import { Client, type Request } from "../../controller-client/index.js";

const [url = "", text = "{}", count = "100"] = process.argv.slice(2);
const client = new Client(url);
const request = JSON.parse(text) as Request;
const times: number[] = [];
for (let i = 0; i < Number(count); i++) {
  const started = performance.now();
  await client.request(request);
  times.push(performance.now() - started);
}
await client.close();
process.stdout.write(JSON.stringify(times));
