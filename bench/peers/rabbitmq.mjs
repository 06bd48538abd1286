// RabbitMQ, a quorum queue: `enqueue <jobs> <producers> <payload bytes>` or `drain <jobs> 0 <payload bytes>`.
// Each message is confirmed to its producer when it is on the disk; workers prefetch and acknowledge up to 100 at once.
import amqp from "amqplib";
import { what, jobs, producers, connectionString, payload, seconds, produce } from "./measure.mjs";

const connection = await amqp.connect(connectionString);
const queue = `bench-${Date.now()}`;
const content = Buffer.from(JSON.stringify(payload));
const open = async () => {
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "quorum" } });
  return channel;
};
const publish = (channel) =>
  new Promise((done, failed) => {
    channel.sendToQueue(queue, content, { persistent: true }, (error) => (error ? failed(error) : done()));
  });

let took;
if (what === "enqueue") {
  const idle = await Promise.all(Array.from({ length: producers }, open));
  took = await produce(async () => {
    const channel = idle.pop();
    await publish(channel);
    idle.push(channel);
  });
} else {
  const channel = await open();
  for (let n = 0; n < jobs; n += 1000) {
    await Promise.all(Array.from({ length: Math.min(1000, jobs - n) }, () => publish(channel)));
  }
  await channel.prefetch(1000);
  took = await seconds(async () => {
    let done = 0;
    await new Promise((all) => {
      channel.consume(queue, (job) => {
        done += 1;
        if (done % 100 === 0 || done === jobs) channel.ack(job, true);
        if (done === jobs) all();
      });
    });
    // Once the channel is closed, all that it did not acknowledge is in the queue again.
    await channel.close();
    const left = await (await connection.createChannel()).checkQueue(queue);
    if (left.messageCount > 0) throw new Error(`${left.messageCount} are left`);
  });
}
console.log(JSON.stringify({ jobs, seconds: took }));
process.exit(0);
