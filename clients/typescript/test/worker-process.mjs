// The worker of the tests, a process of its own: `worker-process.mjs QUEUE [CONCURRENCY] [GRACE_MS]`.
// It appends a line to the file in RUNS for every attempt that it starts.
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import createClient from "openapi-fetch";
import { Discard, Release, Worker } from "presque-client";

/** @type {import("openapi-fetch").Client<import("presque-client").paths>} */
const client = createClient({ baseUrl: process.env["PRESQUE_URL"] ?? "" });

/** @type {import("presque-client").Handler} */
const handle = async (job, signal) => {
  // One write of a short line to a file opened for appending is not torn apart.
  appendFileSync(process.env["RUNS"] ?? "", `${Date.now()} ${process.pid} ${job.id} ${job.attempt}\n`);
  const payload = /** @type {{ do: string, n: number, ms: number }} */ (job.payload);
  switch (payload.do) {
    case "once":
      if (job.failed_attempts === 0) throw new RangeError("the first attempt fails");
      break;
    case "always":
      throw new TypeError("every attempt fails");
    case "discard":
      throw new Discard("no use");
    case "release":
      if (job.attempt === 1) throw new Release(100);
      break;
    case "no-json":
      return { "a big number": 1n };
    case "too-large":
      return "x".repeat(100_000);
    case "too-deep": {
      /** @type {unknown[]} */
      let result = [];
      for (let n = 0; n < 200; n++) result = [result];
      return result;
    }
    case "until-cancelled":
      await sleep(60_000, undefined, { signal });
      throw new Error("nobody cancelled it");
    case "sleep":
      await sleep(payload.ms); // deaf to its signal
  }
  return { n: payload.n };
};

const [queue = "", concurrency = "10", graceMs = "10000"] = process.argv.slice(2);
await new Worker(client, [queue], handle, { concurrency: Number(concurrency), graceMs: Number(graceMs) }).run();
process.exit();
