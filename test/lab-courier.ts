// Carries HTTP requests into a lab: runs in one of its namespaces, takes one request a line, answers one line each.

import { createInterface } from "node:readline";

export interface Parcel {
  readonly id: number;
  readonly url: string;
  readonly method: string;
  readonly contentType?: string;
  readonly body?: string;
}

export interface Receipt {
  readonly id: number;
  /** 0 when nobody answered; then the text says why. */
  readonly status: number;
  readonly text: string;
}

const timeoutMs = 45_000;

for await (const line of createInterface({ input: process.stdin })) void deliver(JSON.parse(line) as Parcel);

async function deliver({ id, url, method, contentType, body }: Parcel): Promise<void> {
  const headers = contentType === undefined ? {} : { "content-type": contentType };
  const signal = AbortSignal.timeout(timeoutMs);
  const receipt = await fetch(url, { method, headers, signal, body: body ?? null }).then(
    async (response): Promise<Receipt> => ({ id, status: response.status, text: await response.text() }),
    (error: Error): Receipt => ({ id, status: 0, text: `${error.message} ${String(error.cause)}` }),
  );
  process.stdout.write(`${JSON.stringify(receipt)}\n`);
}
