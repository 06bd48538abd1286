// pg-boss: `enqueue <jobs> <producers> <payload bytes>` or `drain <jobs> 0 <payload bytes>`.
// Batches of its `fetch` and `complete`, several at once. It keeps what is done.
import PgBoss from "pg-boss";
import pg from "pg";
import { what, jobs, producers, connectionString, payload, seconds, produce } from "./measure.mjs";

const boss = new PgBoss({ connectionString, max: Math.max(producers, 8), supervise: false, schedule: false });
boss.on("error", console.error);
await boss.start();
const queue = `bench-${Date.now()}`;
await boss.createQueue(queue);

let took;
if (what === "enqueue") {
  took = await produce((job) => boss.send(queue, job));
} else {
  for (let n = 0; n < jobs; n += 1000) {
    await boss.insert(Array.from({ length: Math.min(1000, jobs - n) }, () => ({ name: queue, data: payload })));
  }
  const pool = new pg.Pool({ connectionString });
  await pool.query("analyze pgboss.job");
  let done = 0;
  const worker = async () => {
    for (;;) {
      const batch = await boss.fetch(queue, { batchSize: 1000 });
      if (batch.length === 0) return;
      await boss.complete(queue, batch.map((job) => job.id));
      done += batch.length;
    }
  };
  took = await seconds(() => Promise.all(Array.from({ length: 4 }, worker)));
  if (done !== jobs) throw new Error(`${done} of ${jobs}`);
}
console.log(JSON.stringify({ jobs, seconds: took }));
process.exit(0);
