// Enqueues a job, and waits for its result: `node enqueue.mjs http://127.0.0.1:5000`
import { randomUUID } from "node:crypto";
import createClient from "openapi-fetch";

/** @type {import("openapi-fetch").Client<import("presque-client").paths>} */
const client = createClient({ baseUrl: process.argv[2] ?? "http://127.0.0.1:5000" });

const { data: created, error } = await client.POST("/v1/queues/{queue}/jobs", {
  // With a key the call can be repeated, should its answer get lost: there will be one job.
  params: { path: { queue: "mail" }, header: { "Idempotency-Key": randomUUID() } },
  body: { kind: "welcome", payload: { user_id: 17 } },
});
if (!created) throw new Error(`not enqueued: ${JSON.stringify(error)}`);
console.log("enqueued", created.id);

const { data: job } = await client.GET("/v1/jobs/{job_id}", {
  params: { path: { job_id: created.id }, query: { wait_ms: 20_000, include: ["result"] } },
});
console.log(job?.state, job?.result);
