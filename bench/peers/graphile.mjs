// graphile-worker: `enqueue <jobs> <producers> <payload bytes>` or `drain <jobs> 0 <payload bytes>`.
// Settings of its performance guide: a local queue, completions in batches. It deletes what is done.
import { makeWorkerUtils, run, Logger } from "graphile-worker";
import pg from "pg";
import { what, jobs, producers, connectionString, payload, seconds, produce } from "./measure.mjs";

const quiet = new Logger(() => () => {});
const pool = new pg.Pool({ connectionString, max: Math.max(producers, 25) });
const utils = await makeWorkerUtils({ pgPool: pool, logger: quiet });
await utils.migrate();
await pool.query("truncate graphile_worker._private_jobs");

let took;
if (what === "enqueue") {
  took = await produce((job) => utils.addJob("noop", job));
} else {
  for (let n = 0; n < jobs; n += 500) {
    await pool.query(
      "select graphile_worker.add_job('noop', $1::json) from generate_series(1, $2)",
      [JSON.stringify(payload), Math.min(500, jobs - n)]);
  }
  await pool.query("analyze graphile_worker._private_jobs");
  let done = 0;
  let finish;
  const all = new Promise((resolve) => (finish = resolve));
  took = await seconds(async () => {
    const runner = await run({
      connectionString, logger: quiet, noHandleSignals: true,
      taskList: { noop: () => { if (++done === jobs) finish(); } },
      preset: { worker: {
        concurrentJobs: 24, maxPoolSize: 25, pollInterval: 2000, localQueue: { size: 500 },
        completeJobBatchDelay: 0, failJobBatchDelay: 0,
      } },
    });
    await all;
    await runner.stop();
  });
}
await utils.release();
console.log(JSON.stringify({ jobs, seconds: took }));
process.exit(0);
