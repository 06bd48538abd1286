// Jobs from enqueue to their final state, through a live server at PRESQUE_URL.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import createClient from "openapi-fetch";

/** @typedef {import("presque-client").components["schemas"]} Schemas */
/** @typedef {{ do: string, n: number, ms?: number }} Payload */

const baseUrl = process.env["PRESQUE_URL"];
if (!baseUrl) {
  console.error("PRESQUE_URL is not set: the address of a presque server, like http://127.0.0.1:5000");
  process.exit(2);
}
/** @type {import("openapi-fetch").Client<import("presque-client").paths>} */
const client = createClient({ baseUrl });

const FINAL = ["completed", "discarded", "cancelled"];
let queue = "";
let folder = "";
/** @type {import("node:child_process").ChildProcess[]} */
let processes = [];

beforeEach(async () => {
  queue = `typescript-${randomUUID().slice(0, 13)}`;
  folder = mkdtempSync(join(tmpdir(), "presque-"));
  writeFileSync(join(folder, "runs"), "");
  processes = [];
  const body = { backoff_base_ms: 50, backoff_strategy: "fixed", lease_ms: 2000, max_attempts: 3 };
  const answer = await client.PATCH("/v1/queues/{queue}", { params: { path: { queue } }, body });
  assert.equal(answer.response.status, 201, JSON.stringify(answer.error));
});

afterEach(() => {
  for (const worker of processes) worker.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** @param {string[]} options */
function start(...options) {
  const script = fileURLToPath(new URL("worker-process.mjs", import.meta.url));
  const env = { ...process.env, RUNS: join(folder, "runs") };
  const worker = spawn(process.execPath, [script, queue, ...options], { env, stdio: ["ignore", "inherit", "inherit"] });
  processes.push(worker);
  return worker;
}

/** @param {import("node:child_process").ChildProcess} worker */
async function end(worker) {
  const exit = once(worker, "exit");
  worker.kill("SIGTERM");
  return (await exit)[0];
}

function runs() {
  const lines = readFileSync(join(folder, "runs"), "utf8").trim().split("\n").filter(Boolean);
  return lines.map((line) => {
    const [at = "", , job = "", attempt = ""] = line.split(" ");
    return { at: Number(at), job, attempt: Number(attempt) };
  });
}

/** @param {Payload[]} payloads */
async function enqueue(payloads) {
  const { data, error } = await client.POST("/v1/jobs", {
    params: { header: { "Idempotency-Key": randomUUID() } },
    body: { jobs: payloads.map((payload) => ({ queue, payload })) },
  });
  assert.ok(data, JSON.stringify(error));
  return data.results.map((result) => result.id);
}

/** @param {{ state?: Schemas["JobState"][], include?: string[], limit?: number }} filters */
async function allJobs(filters = {}) {
  /** @type {Map<string, Schemas["Job"]>} */
  const jobs = new Map();
  /** @type {string | undefined} */
  let cursor;
  do {
    const query = { queue: [queue], limit: 500, ...filters, ...(cursor ? { cursor } : {}) };
    const { data, error } = await client.GET("/v1/jobs", { params: { query } });
    assert.ok(data, JSON.stringify(error));
    for (const job of data.data) jobs.set(job.id, job);
    cursor = data.next_cursor;
  } while (cursor);
  return jobs;
}

/** @param {Iterable<string>} values */
function count(values) {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

async function states() {
  return count([...(await allJobs()).values()].map((job) => job.state));
}

async function workers() {
  const { data } = await client.GET("/v1/workers", { params: { query: { queue } } });
  return data?.data ?? [];
}

/** @param {number} seconds @param {string} what @param {() => boolean | Promise<boolean>} holds */
async function until(seconds, what, holds) {
  const deadline = Date.now() + seconds * 1000;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, `not within ${seconds} s: ${what}`);
    await sleep(100);
  }
}

test("every job ends as it should", async () => {
  const special = ["discard", "release", "no-json", "too-large", "too-deep", "until-cancelled"];
  const plan = [...special, ...Array(50).fill("once"), ...Array(5).fill("always"), ...Array(935).fill("ok")];

  // These are there first, and alone, so that the worker that dies surely holds them.
  const doomed = start("4");
  const killed = await enqueue([996, 997, 998, 999].map((n) => ({ do: "sleep", n, ms: 2000 })));
  await until(15, "the first worker holds its jobs", () => runs().length === 4);
  doomed.kill("SIGKILL");

  const others = await enqueue(plan.map((what, n) => ({ do: what, n })));
  /** @type {Map<string, string>} */
  const does = new Map();
  for (const id of killed) does.set(id, "killed");
  others.forEach((id, n) => does.set(id, plan[n]));
  assert.equal(does.size, 1000);
  const living = [start(), start()];

  const toCancel = others[plan.indexOf("until-cancelled")] ?? "";
  await until(15, "the job to cancel runs", () => runs().some((run) => run.job === toCancel));
  const params = { path: { job_id: toCancel } };
  const { data: status } = await client.POST("/v1/jobs/{job_id}/cancel", { params, body: { reason: "a test" } });
  assert.equal(status?.state, "running");

  await until(30, "all jobs are final", async () => {
    return [...(await allJobs()).values()].every((job) => FINAL.includes(job.state));
  });
  assert.deepEqual(await Promise.all(living.map(end)), [0, 0]);

  const jobs = await allJobs();
  assert.deepEqual([...jobs.keys()].sort(), [...does.keys()].sort());
  const found = count([...jobs].map(([id, job]) => `${does.get(id)} ${job.state} ${job.attempt} ${job.failed_attempts}`));
  assert.deepEqual(found, {
    "ok completed 1 0": 935,
    "once completed 2 1": 50,
    "always discarded 3 3": 5,
    "killed completed 2 1": 4,
    "discard discarded 1 1": 1,
    "release completed 2 0": 1,
    "no-json discarded 3 3": 1,
    "too-large discarded 1 1": 1,
    "too-deep discarded 1 1": 1,
    "until-cancelled cancelled 1 0": 1,
  });
  const classes = Object.fromEntries([...jobs].map(([id, job]) => [does.get(id), job.last_error?.error_class]));
  assert.equal(classes["discard"], "Discard");
  assert.equal(classes["always"], "TypeError");
  assert.equal(classes["too-large"], "payload_too_large");
  assert.equal(classes["too-deep"], "validation_failed");
  const completed = await allJobs({ state: ["completed"], include: ["result"], limit: 50 });
  for (const job of completed.values()) assert.equal(typeof (/** @type {Payload} */ (job.result).n), "number");

  const { data: attempts } = await client.GET("/v1/jobs/{job_id}/attempts", {
    params: { path: { job_id: killed[0] ?? "" } },
  });
  assert.deepEqual(attempts?.data.map((attempt) => attempt.outcome), ["completed", "lost"]);

  // Every attempt was run once, and none after its job was final.
  const ran = runs();
  assert.equal(new Set(ran.map((run) => `${run.job} ${run.attempt}`)).size, ran.length);
  assert.equal(ran.length, [...jobs.values()].reduce((sum, job) => sum + job.attempt, 0));
  for (const { at, job } of ran) {
    const finished = jobs.get(job)?.finished_at;
    assert.ok(finished && at < Date.parse(finished) + 500);
  }
});

test("a worker stops gracefully", async () => {
  await enqueue([0, 1, 2].map((n) => ({ do: "sleep", ms: 1000, n })));
  await enqueue([{ do: "sleep", ms: 60_000, n: 3 }]);
  await enqueue(Array.from({ length: 16 }, (_, n) => ({ do: "ok", n: n + 4 })));
  // One slot for each of the first four, and three seconds of grace.
  const worker = start("4", "3000");
  await until(15, "four jobs run", () => runs().length === 4);
  const began = Date.now();
  assert.equal(await end(worker), 0);
  const took = Date.now() - began;
  assert.ok(took > 2500 && took < 6000, `${took} ms`);
  // Those of a second had time to end, that of a minute went back, the others were never taken.
  assert.deepEqual(await states(), { completed: 3, available: 17 });
  assert.equal(runs().length, 4);
});

test("an idle worker stops at once", async () => {
  const worker = start();
  await until(15, "it says that it lives", async () => (await workers()).length > 0);
  const began = Date.now();
  assert.equal(await end(worker), 0);
  assert.ok(Date.now() - began < 2000);
  assert.deepEqual(await workers(), []);
  // Nobody waits any more, so that a job stays where it is.
  await enqueue([{ do: "ok", n: 1 }]);
  assert.deepEqual(await states(), { available: 1 });
});

test("a worker obeys signals", async () => {
  // A job that runs makes it beat every third of its lease, so that it hears soon.
  await enqueue([{ do: "until-cancelled", n: 0 }]);
  const worker = start("10", "1000");
  await until(15, "it says that it lives", async () => runs().length > 0 && (await workers()).length > 0);
  const told = (await workers())[0];
  assert.ok(told);
  /** @param {string} signal */
  const tell = (signal) =>
    client.POST("/v1/workers/{worker_id}/signal", { params: { path: { worker_id: told.id } }, body: { signal } });

  await tell("quiet");
  // The status is what it was told; it knows once it has beaten again.
  const before = (await workers())[0]?.last_heartbeat_at ?? "";
  await until(5, "it hears it", async () => ((await workers())[0]?.last_heartbeat_at ?? "") > before);
  assert.equal((await workers())[0]?.status, "quiet");
  await enqueue([{ do: "ok", n: 1 }]);
  await sleep(1000);
  assert.equal(runs().length, 1);

  await tell("run");
  await until(5, "it works again", () => runs().length === 2);
  const exit = once(worker, "exit");
  await tell("stop");
  assert.equal((await exit)[0], 0);
  assert.deepEqual(await states(), { completed: 1, available: 1 });
});
