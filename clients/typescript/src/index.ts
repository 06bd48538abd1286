export type { components, operations, paths } from "./schema.js";
export { Cancelled, Discard, Refused, Release, Worker } from "./worker.js";
export type { Handler, Job, Problem, WorkerOptions } from "./worker.js";
