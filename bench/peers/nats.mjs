// NATS JetStream, a stream in files: `enqueue <jobs> <producers> <payload bytes>` or `drain <jobs> 0 <payload bytes>`.
// It answers a message before the disk has it: it syncs every two minutes.
import { connect } from "@nats-io/transport-node";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { what, jobs, connectionString, payload, seconds, produce } from "./measure.mjs";

const connection = await connect({ servers: connectionString });
const manager = await jetstreamManager(connection);
const name = `bench-${Date.now()}`;
await manager.streams.add({ name, subjects: [name], retention: "workqueue", storage: "file" });
const stream = jetstream(connection);
const message = JSON.stringify(payload);

let took;
if (what === "enqueue") {
  took = await produce(() => stream.publish(name, message));
} else {
  for (let n = 0; n < jobs; n += 1000) {
    await Promise.all(Array.from({ length: Math.min(1000, jobs - n) }, () => stream.publish(name, message)));
  }
  await manager.consumers.add(name, { durable_name: "worker", ack_policy: "explicit", max_ack_pending: 10_000 });
  const consumer = await stream.consumers.get(name, "worker");
  took = await seconds(async () => {
    let done = 0;
    for await (const job of await consumer.consume({ max_messages: 1000 })) {
      job.ack();
      if (++done === jobs) break;
    }
    await connection.flush();
    while ((await manager.streams.info(name)).state.messages > 0) await new Promise((then) => setTimeout(then, 5));
  });
}
console.log(JSON.stringify({ jobs, seconds: took }));
process.exit(0);
