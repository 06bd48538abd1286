// What the programs for the libraries on Node.js share: `enqueue|drain <jobs> <producers> <payload bytes>`.

export const what = process.argv[2];
export const [jobs, producers, bytes] = process.argv.slice(3).map(Number);
export const connectionString = process.env.DATABASE_URL;
export const payload = { p: "x".repeat(bytes - 8) };

/** How long it takes, in seconds. */
export async function seconds(work) {
  const begun = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - begun) / 1e9;
}

/** Puts all jobs in, one by one, by all producers; how long that takes. */
export function produce(put) {
  let left = jobs;
  const producer = async () => {
    while (left-- > 0) await put(payload);
  };
  return seconds(() => Promise.all(Array.from({ length: producers }, producer)));
}
