// A worker for presque: claims jobs, runs their handler, reports what became of them.

import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Schemas = components["schemas"];
type Answer<T> = { data?: T; error?: unknown; response: Response };
type Claimed = { jobs: Schemas["ClaimedJob"][]; poll_after_ms: number };

export type Job = Schemas["ClaimedJob"];
export type Problem = Schemas["Problem"];
/** Returns the result (JSON, or undefined), or throws. The signal aborts when it should stop early. */
export type Handler = (job: Job, signal: AbortSignal) => unknown;

const WAIT_MS = 20_000;
// The most jobs of one claim, outcomes of one report and leases of one heartbeat.
const MOST = 1000;
// A third of the shortest lease there is.
const SHORTEST_BEAT_MS = 330;
// Why the server does not take an outcome although the lease still stands.
const TOO_MUCH: Record<string, string> = {
  payload_too_large: "the result is larger than the queue allows",
  validation_failed: "the result is nested too deeply",
};

/** Thrown by a handler: the job failed, and another attempt would not help. */
export class Discard extends Error {
  override name = "Discard";
}

/** Thrown by a handler that stopped because its signal was aborted. */
export class Cancelled extends Error {
  override name = "Cancelled";
}

/** Thrown by a handler: give the job back for a while, without counting a failure. */
export class Release extends Error {
  override name = "Release";
  constructor(readonly delayMs = 0) {
    super(`released for ${delayMs} ms`);
  }
}

/** The server does not take a call, however often it is repeated. */
export class Refused extends Error {
  override name = "Refused";
  constructor(readonly problem: Problem) {
    super(`${problem.code}: ${problem.detail ?? problem.title}`);
  }
}

/** One attempt at a job, from its claim until its outcome is taken. */
type Run = {
  job: Job;
  leaseMs: number;
  abort: AbortController;
  cancelRequested: boolean;
  lost: boolean;
  outcome?: Schemas["SettleItem"];
};

export type WorkerOptions = {
  /** How many jobs at once (10 if absent). */
  concurrency?: number;
  kinds?: string[];
  /** How long running jobs may go on when the worker stops (30 seconds if absent). */
  graceMs?: number;
  workerId?: string;
  /** Whether SIGTERM and SIGINT stop it (true if absent). */
  handleSignals?: boolean;
  log?: (message: string) => void;
};

/** Works on queues until it is stopped: by `stop`, SIGTERM, SIGINT, or the server. */
export class Worker {
  readonly workerId: string;
  readonly #concurrency: number;
  readonly #log: (message: string) => void;
  readonly #runs = new Set<Run>(); // each takes a slot; held are those that are not lost
  #ended: Run[] = []; // their outcomes wait to be sent
  #asked = 0; // slots that a claim under way may fill
  #backlog = false; // the last claim found all it asked for
  #quiet = false;
  #stopping = false;
  #claimAt = 0;
  #beatAt = 0;
  #beatTimer: NodeJS.Timeout | undefined;
  #beating = false;
  #polling: AbortController | undefined;
  #settling = false;
  #error: unknown;
  readonly #stopAsked = deferred();
  readonly #drained = deferred();
  #reported = deferred();

  constructor(
    private readonly client: Client<paths>,
    private readonly queues: string[],
    private readonly handler: Handler,
    private readonly options: WorkerOptions = {},
  ) {
    this.#concurrency = options.concurrency ?? 10;
    if (!(this.#concurrency >= 1 && this.#concurrency <= MOST)) throw new RangeError(`concurrency is 1 to ${MOST}`);
    this.#log = options.log ?? ((message) => console.warn(`presque worker: ${message}`));
    // Two workers must not share an id: the last heartbeat of one would give back the jobs of both.
    const host = hostname().replace(/[^A-Za-z0-9_.:@+-]/g, "-").slice(0, 64);
    this.workerId = options.workerId ?? `w-${host}-${process.pid}-${randomUUID().slice(0, 8)}`;
  }

  /** Works until it is stopped. */
  async run(): Promise<void> {
    const onSignal = () => this.stop();
    const signals = this.options.handleSignals === false ? [] : (["SIGTERM", "SIGINT"] as const);
    for (const name of signals) process.on(name, onSignal);
    void this.#beat();
    this.#schedule();
    await this.#stopAsked.promise;
    await within(this.options.graceMs ?? 30_000, this.#drained.promise);
    for (const run of this.#runs) {
      if (run.outcome || run.lost) continue;
      run.abort.abort(new Cancelled("the worker stops"));
      this.#end(run, { outcome: "released" });
    }
    // A server that is away must not hold the process for ever; what it does not hear, it finds lost.
    this.#reported = deferred();
    if (this.#settling) await within(10_000, this.#reported.promise);
    clearTimeout(this.#beatTimer);
    this.#beatAt = -Infinity; // no beat may follow the last one, which would register the worker again
    // No leases listed: the server gives back all that this id holds, also what a claim found whose
    // answer did not get here.
    for (let tries = 0; tries < 3; tries++) {
      if (typeof (await this.#tryBeat({ status: "stopped" })) !== "number") break;
    }
    for (const name of signals) process.off(name, onSignal);
    if (this.#error !== undefined) throw this.#error;
  }

  /** Takes no more jobs, and lets the running ones end within the grace period; a second call ends it now. */
  stop(): void {
    if (this.#stopping) this.#drained.resolve();
    this.#stopping = true;
    this.#stopAsked.resolve();
    this.#schedule();
  }

  /** Starts what can start; called after every change, so that nothing has to wait for a change. */
  #schedule(): void {
    const mayClaim = !(this.#quiet || this.#stopping);
    if (this.#ended.length > 0 && !this.#settling) {
      const runs = this.#ended.splice(0, MOST);
      // Where there was more than it took last time, the next jobs come with the answer. Where there
      // was not, the long poll waits for them.
      const atOnce = mayClaim && this.#backlog && performance.now() >= this.#claimAt;
      const slots = atOnce ? Math.max(0, this.#free() + runs.length) : 0;
      this.#settling = true;
      void this.#start(this.#report(runs, slots), slots, () => (this.#settling = false));
    }
    if (!this.#polling && mayClaim && this.#free() > 0) {
      const polling = (this.#polling = new AbortController());
      const slots = this.#free();
      void this.#start(this.#poll(slots, polling.signal), slots, () => (this.#polling = undefined));
    } else if (this.#polling && !mayClaim) {
      this.#polling.abort(); // breaks the connection off: the server gives back what it found
    }
    if (!this.#settling) this.#reported.resolve();
    if (this.#stopping && this.#runs.size === 0 && !this.#settling && !this.#polling) this.#drained.resolve();
  }

  #free(): number {
    return this.#concurrency - this.#runs.size - this.#asked;
  }

  async #start(work: Promise<void>, slots: number, done: () => void): Promise<void> {
    this.#asked += slots;
    try {
      await work;
    } catch (error) {
      this.#error = error;
      this.stop();
    } finally {
      this.#asked -= slots;
      done();
      this.#schedule();
    }
  }

  #claim(slots: number, wait_ms: number): Schemas["ClaimRequest"] {
    const kinds = this.options.kinds?.length ? { kinds: this.options.kinds } : {};
    return { queues: this.queues, ...kinds, max_jobs: slots, wait_ms, worker_id: this.workerId };
  }

  async #poll(slots: number, signal: AbortSignal): Promise<void> {
    // With a key, a claim whose answer got lost is safe to repeat: the same jobs come again.
    const params = { header: { "Idempotency-Key": randomUUID() } };
    const body = this.#claim(slots, WAIT_MS);
    const claim = (signal: AbortSignal) => this.client.POST("/v1/jobs/claim", { params, body, signal });
    try {
      await sleep(Math.max(0, this.#claimAt - performance.now()), undefined, { signal });
      this.#take(await this.#call(claim, WAIT_MS + 10_000, signal), slots);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #take(found: Claimed, slots: number): void {
    this.#claimAt = performance.now() + found.poll_after_ms;
    this.#backlog = found.jobs.length === slots;
    for (const job of found.jobs) {
      const leaseMs = job.lease_ms;
      const run: Run = { job, leaseMs, abort: new AbortController(), cancelRequested: false, lost: false };
      this.#runs.add(run);
      if (this.#stopping) {
        this.#end(run, { outcome: "released" });
      } else {
        this.#beatWithin(leaseMs / 3);
        void this.#attempt(run);
      }
    }
  }

  async #report(runs: Run[], slots: number): Promise<void> {
    const items = runs.flatMap((run) => run.outcome ?? []);
    const body = { items, ...(slots > 0 ? { claim: this.#claim(slots, 0) } : {}) };
    let answer;
    try {
      answer = await this.#call((signal) => this.client.POST("/v1/jobs/settle", { body, signal }), 10_000);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // All outcomes in one may be too much: the others must not suffer from one.
      const half = runs.length >> 1;
      if (half > 0) {
        await this.#report(runs.slice(0, half), 0);
        await this.#report(runs.slice(half), 0);
      } else {
        this.#notTaken(runs[0]!, error.problem.code, error.message);
      }
      return;
    }
    runs.forEach((run, n) => {
      const result = answer.results[n]!;
      const tooMuch = TOO_MUCH[result.code ?? ""];
      if (tooMuch) return this.#notTaken(run, result.code!, tooMuch);
      this.#runs.delete(run);
      if (!result.ok) this.#log(`job ${run.job.id}: reported too late: ${result.code}`);
    });
    if (slots > 0) this.#take(answer, slots);
  }

  #notTaken(run: Run, error_class: string, message: string): void {
    this.#log(`job ${run.job.id}: its outcome was not taken: ${message}`);
    if (run.outcome?.outcome === "completed") {
      // Not tried again: it would do the work once more, and have the same result.
      this.#end(run, { outcome: "failed", error: { error_class, message }, retry: false });
    } else {
      this.#runs.delete(run);
    }
  }

  #beatWithin(ms: number): void {
    const at = performance.now() + Math.max(ms, SHORTEST_BEAT_MS);
    if (at >= this.#beatAt) return;
    this.#beatAt = at;
    clearTimeout(this.#beatTimer);
    // While one is under way its end plans the next.
    if (!this.#beating) this.#beatTimer = setTimeout(() => void this.#beat(), at - performance.now());
  }

  async #beat(): Promise<void> {
    this.#beating = true;
    this.#beatAt = Infinity; // jobs that are claimed meanwhile bring it nearer
    // By run, not by job: the same job may be claimed again while the beat is under way.
    const sent = new Map([...this.#runs].filter((run) => !run.lost).map((run) => [run.job.id, run]));
    const directive = await this.#tryBeat({
      status: this.#quiet || this.#stopping ? "quiet" : "running",
      queues: this.queues,
      kinds: this.options.kinds ?? [],
      concurrency: this.#concurrency,
      hostname: hostname(),
      pid: process.pid,
      leases: [...sent].map(([job_id, run]) => ({ job_id, lease_token: run.job.lease_token })),
    });
    this.#beating = false;
    const planned = this.#beatAt - performance.now();
    if (planned === -Infinity) return;
    this.#beatAt = Infinity;
    if (typeof directive === "number") return this.#beatWithin(Math.min(planned, directive));
    for (const id of directive.lost_job_ids) {
      const run = sent.get(id);
      if (!run || run.outcome) continue; // the report overtook the beat
      this.#log(`job ${id}: the lease is lost`);
      run.lost = true;
      run.abort.abort(new Cancelled("the lease is lost"));
    }
    for (const id of directive.cancel_job_ids) {
      const run = sent.get(id);
      if (!run) continue;
      run.cancelRequested = true;
      run.abort.abort(new Cancelled("the job was cancelled"));
    }
    const thirds = [...this.#runs].filter((run) => !run.lost).map((run) => run.leaseMs / 3);
    this.#beatWithin(Math.min(planned, directive.next_heartbeat_ms, ...thirds));
    this.#quiet = directive.signal === "quiet";
    if (directive.signal === "stop" && !this.#stopping) this.stop();
    this.#schedule();
  }

  async #tryBeat(body: Schemas["WorkerHeartbeatRequest"]): Promise<Schemas["WorkerDirective"] | number> {
    const params = { path: { worker_id: this.workerId } };
    const answer = await this.#try(
      (signal) => this.client.POST("/v1/workers/{worker_id}/heartbeat", { params, body, signal }),
      AbortSignal.timeout(10_000),
    );
    return typeof answer === "number" ? answer : (answer.data ?? 1000);
  }

  /** Calls until there is an answer; throws `Refused` where repeating does not help. */
  async #call<T>(
    operation: (signal: AbortSignal) => Promise<Answer<T>>,
    timeoutMs: number,
    stop: AbortSignal = new AbortController().signal,
  ): Promise<T> {
    for (let backoff = 100; ; backoff = Math.min(5000, backoff * 2)) {
      const answer = await this.#try(operation, AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]));
      if (typeof answer === "number") {
        stop.throwIfAborted();
        await sleep(answer + backoff * (0.5 + Math.random() / 2), undefined, { signal: stop });
      } else if (answer.data !== undefined) {
        return answer.data;
      } else {
        throw new Refused(answer.error as Problem);
      }
    }
  }

  /** The answer, or after how many milliseconds the server wants to be asked again. */
  async #try<T>(
    operation: (signal: AbortSignal) => Promise<Answer<T>>,
    signal: AbortSignal,
  ): Promise<Answer<T> | number> {
    try {
      const answer = await operation(signal);
      if (answer.data !== undefined) return answer;
      const problem = answer.error as Partial<Problem> | undefined;
      // Not only presque answers: a proxy has pages of its own.
      if (!problem?.code) throw new Error(`HTTP status ${answer.response.status}`);
      this.#log(`${problem.code}: ${problem.detail}`);
      const again = [408, 429, 500, 502, 503, 504].includes(problem.status ?? 0) || problem.code === "idempotency_in_progress";
      return again ? (problem.retry_after_ms ?? 0) : answer;
    } catch (error) {
      if (!signal.aborted || signal.reason?.name === "TimeoutError") this.#log(`trying again: ${error}`);
      return 0;
    }
  }

  async #attempt(run: Run): Promise<void> {
    const outcome = await this.#outcome(run);
    if (run.lost) {
      this.#runs.delete(run);
      this.#schedule();
    } else if (!run.outcome) {
      this.#end(run, outcome);
    }
  }

  async #outcome(run: Run): Promise<Partial<Schemas["SettleItem"]> & { outcome: string }> {
    try {
      const result = await this.handler(run.job, run.abort.signal);
      // A result that is no JSON is a failure of this job, not of the report it would be in.
      const json = JSON.stringify(result);
      return json === undefined ? { outcome: "completed" } : { outcome: "completed", result: JSON.parse(json) };
    } catch (thrown) {
      if (thrown instanceof Release) return { outcome: "released", delay_ms: Math.round(thrown.delayMs) };
      if (run.cancelRequested) return { outcome: "cancelled" };
      // It is the worker that stops: nobody cancelled the job.
      if (thrown instanceof Cancelled) return { outcome: "released" };
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      const stack = error.stack === undefined ? {} : { stack: error.stack.toWellFormed() };
      const failure = { error_class: className(error), message: error.message.toWellFormed(), ...stack };
      return { outcome: "failed", error: failure, retry: !(thrown instanceof Discard) };
    }
  }

  #end(run: Run, outcome: Partial<Schemas["SettleItem"]> & { outcome: string }): void {
    run.outcome = { job_id: run.job.id, lease_token: run.job.lease_token, ...outcome };
    this.#ended.push(run);
    this.#schedule();
  }
}

/** `class Mine extends Error {}` leaves `name` as it was, so that its class says more. */
function className(error: Error): string {
  return error.name === "Error" ? error.constructor.name : error.name;
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

async function within(ms: number, promise: Promise<void>): Promise<void> {
  const over = new AbortController();
  await Promise.race([promise, sleep(ms, undefined, { signal: over.signal }).catch(() => {})]);
  over.abort();
}
