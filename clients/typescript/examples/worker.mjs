// Works on the queue `mail` until SIGTERM or Ctrl-C: `node worker.mjs http://127.0.0.1:5000`
import { setTimeout as sleep } from "node:timers/promises";
import createClient from "openapi-fetch";
import { Worker } from "presque-client";

/** @type {import("openapi-fetch").Client<import("presque-client").paths>} */
const client = createClient({ baseUrl: process.argv[2] ?? "http://127.0.0.1:5000" });

/** @type {import("presque-client").Handler} */
const handle = async (job, signal) => {
  await sleep(1000, undefined, { signal }); // throws when the job is cancelled
  const { user_id } = /** @type {{ user_id: number }} */ (job.payload);
  return { greeted: user_id };
};

await new Worker(client, ["mail"], handle, { concurrency: 20 }).run();
