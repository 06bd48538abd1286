#!/usr/bin/env python3
"""Runs everything side by side and writes RESULTS.md, results.svg and results.json; see README.md."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import platform
import resource
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import contenders
from contenders import BROKERS, HERE, LIBRARIES, Presque
from report import write

PAYLOAD = 200
Sample = tuple[str, float]
#: Of the sessions in which the server runs what is hot.
SETTINGS = "-c plan_cache_mode=force_generic_plan " + " ".join(
    f"-c {name}=off"
    for name in ("enable_hashjoin", "enable_mergejoin", "enable_seqscan", "enable_bitmapscan", "enable_sort", "jit"))


def statement(name: str, arguments: list[str]) -> str:
    """A statement of the server, with these arguments in it."""
    file = HERE.parent / f"src/store/{name}.sql"
    sql = "\n".join(line for line in file.read_text().splitlines() if not line.startswith("--"))
    for number in range(len(arguments), 0, -1):
        sql = sql.replace(f"${number}", arguments[number - 1])
    return sql


def raw_enqueue(jobs: str) -> str:
    """The statement that puts so many jobs into the queue `raw`."""
    one = f"array_fill({{}}, array[{jobs}])".format
    nulls = lambda kind: one(f"null::{kind}")  # noqa: E731
    return statement("jobs/enqueue_ready", [
        "array['raw']", f"array[{jobs}]", f"array[{PAYLOAD}]", one("1"), one("'k'::text"),
        one(f"'\"{'x' * (PAYLOAD - 2)}\"'::text"), nulls("integer"), nulls("integer"), nulls("bigint"), nulls("bigint"),
        nulls("text"), nulls("text"), nulls("text"),
    ])


def raw_cycle() -> str:
    """The statements of the server in a procedure: what PostgreSQL does without anybody between.

    Puts jobs in, claims as many and completes them, each with a commit.
    """
    one = "array_fill({}, array[raw_n])".format
    nulls = lambda kind: one(f"null::{kind}")  # noqa: E731
    enqueue = raw_enqueue("raw_n")
    claim = statement("leases/claim_ready", [
        "'raw'", "null::text[]", one("1"), "raw_tokens", "array[null::bigint]", "array['w'::text]", "16777216::bigint",
        "array[1::smallint]", "array[raw_floor]", "false",
    ])
    complete = statement("leases/complete", ["raw_queues", "raw_jobs", "raw_held", nulls("text"), one("1"), "array[raw_queues[1]]"])
    return f"""
        create or replace procedure raw_cycle(raw_n integer, inout raw_floor bigint) language plpgsql as $raw$
        #variable_conflict use_column
        declare
            raw_row record; raw_queues integer[]; raw_jobs uuid[]; raw_held uuid[]; raw_tokens uuid[];
        begin
            for raw_row in {enqueue} loop end loop;
            commit;
            raw_tokens := array(select gen_random_uuid() from generate_series(1, raw_n));
            raw_queues := '{{}}'; raw_jobs := '{{}}'; raw_held := '{{}}';
            for raw_row in {claim} loop
                continue when raw_row.job_id is null;
                raw_queues := raw_queues || presque_internal.job_id_queue(raw_row.job_id);
                raw_jobs := raw_jobs || raw_row.job_id;
                raw_held := raw_held || raw_row.token;
            end loop;
            commit;
            select array_agg(q order by q, j), array_agg(j order by q, j), array_agg(t order by q, j)
            into raw_queues, raw_jobs, raw_held from unnest(raw_queues, raw_jobs, raw_held) as u (q, j, t);
            if raw_jobs is null then return; end if;
            raw_n := cardinality(raw_jobs);
            for raw_row in {complete} loop end loop;
            commit;
        end $raw$"""


def enqueue_single(_: int) -> Iterator[Sample]:
    """Jobs enqueued one by one, 256 connections; others at the connection count that suits them best"""
    for name, more in (("presque", ()), ("presque, --group-commit-max 1", ("--group-commit-max", "1"))):
        with Presque(*more) as server:
            jobs = 60_000 if not more else 8_000
            yield name, server.bench("enqueue", jobs=jobs, clients=256, payload=PAYLOAD)["jobs_per_second"]
    with Presque() as server:
        url = server.database_url("plain")
        subprocess.run(["psql", "-X", "-q", url, "-c", "create table job (id bigserial primary key, at timestamptz "
                        "default now(), payload json)"], check=True)
        insert = f"insert into job (payload) values ('\"{'x' * (PAYLOAD - 2)}\"')"
        rates = [server.pgbench(url, insert, clients, 5)["per_second"] for clients in (16, 48, 90)]
        yield "pgbench, one row a commit", max(rates)
    yield "Redis, appendfsync always", max(contenders.redis(n, 60_000, PAYLOAD) for n in (64, 256))
    yield "beanstalkd, fsync each", max(contenders.beanstalkd(n, 100 * n, PAYLOAD) for n in (16, 64))


def single_calls(_: int) -> Iterator[Sample]:
    """Jobs enqueued, claimed and completed one by one, 256 connections"""
    for name, more in (("presque", ()), ("presque, --group-commit-max 1", ("--group-commit-max", "1"))):
        with Presque(*more) as server:
            jobs = 20_000 if not more else 3_000
            yield name, server.bench("e2e", jobs=jobs, clients=128, workers=128, payload=PAYLOAD)["jobs_per_second"]


def cycle_of_100(_: int) -> Iterator[Sample]:
    """Full cycles in batches of 100: put in, claimed and completed"""
    with Presque() as server:
        put = server.bench("enqueue", jobs=50_000, clients=8, batch=100, payload=PAYLOAD)
        done = server.bench("work", jobs=50_000, workers=8, batch=100, payload=PAYLOAD)
        yield "presque, HTTP, 8 connections", put["jobs"] / (put["seconds"] + done["seconds"])
    with Presque() as server:
        server.sql("insert into presque_internal.queue (name) values ('raw')")
        server.sql(raw_cycle())
        url = f"postgresql://presque@/presque?host={server.socket}"
        cycles = server.pgbench(url, "call raw_cycle(100, 0::bigint)", 8, 10, SETTINGS)
        yield "the same statements in SQL, 8 connections", 100 * cycles["per_second"]


def enqueue_32(_: int) -> Iterator[Sample]:
    """Jobs enqueued one by one by 32 producers"""
    with Presque() as server:
        yield "presque", server.bench("enqueue", jobs=30_000, clients=32, payload=PAYLOAD)["jobs_per_second"]
    with Presque() as server:
        url = server.database_url("peers")
        for name in LIBRARIES:
            yield name, contenders.of_library(name, url, "enqueue", 5_000, 32, PAYLOAD)
    for name in BROKERS:
        with contenders.broker(name) as url:
            yield name, contenders.of_library(name, url, "enqueue", 30_000, 32, PAYLOAD)


def drain(_: int) -> Iterator[Sample]:
    """50,000 jobs that do nothing, drained; claims and outcomes of up to 1,000 a call"""
    with Presque() as server:
        yield "presque", server.bench("work", jobs=50_000, workers=4, batch=1000, payload=PAYLOAD)["jobs_per_second"]
    with Presque() as server:
        url = server.database_url("peers")
        for name in LIBRARIES:
            jobs = 3_000 if name == "Procrastinate" else 50_000
            yield name, contenders.of_library(name, url, "drain", jobs, 0, PAYLOAD)
    for name in BROKERS:
        with contenders.broker(name) as url:
            yield name, contenders.of_library(name, url, "drain", 50_000, 0, PAYLOAD)


def drain_under_snapshot(_: int) -> Iterator[Sample]:
    """Drained while a snapshot is held: in the first and in the last 5 s of 20"""
    with Presque() as server:
        def work() -> None:
            # The server is stopped under it.
            with contextlib.suppress(RuntimeError):
                server.bench("work", jobs=2_000_000, workers=4, batch=1000, payload=PAYLOAD)

        threading.Thread(target=work, daemon=True).start()
        completed = "select sum(completed) from presque_internal.queue_count_now"
        while float(server.sql(completed) or 0) < 1000:
            time.sleep(0.2)
        reader = subprocess.Popen(
            ["psql", "-X", "-q", "-h", server.socket, "-U", "presque", "presque"], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, text=True)
        reader.stdin.write("begin isolation level repeatable read; select count(*) from presque_internal.queue;\n")
        reader.stdin.flush()
        counted = []

        for _ in range(21):
            counted.append((time.perf_counter(), float(server.sql(completed))))
            time.sleep(1)
        reader.kill()
        rate = lambda part: (part[-1][1] - part[0][1]) / (part[-1][0] - part[0][0])  # noqa: E731
        yield "presque, first 5 s", rate(counted[:6])
        yield "presque, last 5 s", rate(counted[-6:])


def one_connection(_: int) -> Iterator[Sample]:
    """One connection: milliseconds of an enqueue (p50) and of a commit in SQL (mean)"""
    with Presque() as server:
        yield "presque, p50", server.bench("enqueue", jobs=3_000, clients=1, payload=PAYLOAD)["p50_ms"]
        server.sql("insert into presque_internal.queue (name) values ('raw')")
        own = f"postgresql://presque@/presque?host={server.socket}"
        script = " ".join(raw_enqueue("1").split())
        yield "its statement and its commit in SQL", server.pgbench(own, script, 1, 5, SETTINGS)["latency_ms"]
        # It puts nothing in, and says nothing, where it is not for the job.
        assert int(server.sql("select sum(enqueued) from presque_internal.queue_count_now")) > 3_100
        url = server.database_url("plain")
        subprocess.run(["psql", "-X", "-q", url, "-c", "create table job (id bigserial primary key, at timestamptz "
                        "default now(), payload json)"], check=True)
        insert = f"insert into job (payload) values ('\"{'x' * (PAYLOAD - 2)}\"')"
        yield "one row and its commit in SQL", server.pgbench(url, insert, 1, 5)["latency_ms"]


def wake_up(_: int) -> Iterator[Sample]:
    """An idle queue, a parked claim: milliseconds until the worker holds the job"""
    with Presque() as server:
        said = server.bench("e2e", jobs=2_000, rate=100, clients=2, workers=8, payload=PAYLOAD)
        for since, prefix in (("the enqueue's answer", "after_answer_"), ("the enqueue was due", "")):
            for quantile in ("p50", "p99"):
                yield f"presque, since {since}, {quantile}", said[f"{prefix}{quantile}_ms"]


def parked(_: int) -> Iterator[Sample]:
    """10,000 claims that wait on one server: its memory, and what it holds of the database"""
    count = 10_000
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with Presque("--connections-max", count + 100) as server:
        memory = lambda: int(Path(f"/proc/{server.child.pid}/statm").read_text().split()[1]) * 4096 / 2**20  # noqa: E731
        body = b'{"queues":["q"],"wait_ms":30000}'
        request = (b"POST /v1/jobs/claim HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                   b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)
        yield "memory before, MiB", memory()
        waiting = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(count)]
        time.sleep(2)
        yield "memory with as many idle connections, MiB", memory()
        for one in waiting:
            one.sendall(request)
        time.sleep(15)
        yield "memory, MiB", memory()
        sessions = "select count(*), count(*) filter (where state <> 'idle') from pg_stat_activity where datname = 'presque'"
        yield "sessions of PostgreSQL", float(server.sql(sessions).split("|")[0]) - 1
        for one in waiting:
            one.close()


def backlog(n: int) -> Iterator[Sample]:
    """A claim of one job: milliseconds (p50 of 1,000, in turns), with so many jobs waiting; measured once"""
    if n > 0:
        return
    counts = (10_000, 5_000_000)
    with contextlib.ExitStack() as stack:
        connections, took = [], ([], [])
        for waiting in counts:
            server = stack.enter_context(Presque())
            server.bench("enqueue", queue="deep", jobs=waiting, clients=4, batch=1000, payload=PAYLOAD)
            server.sql("checkpoint")
            connections.append(http.client.HTTPConnection("127.0.0.1", server.port))
        for _ in range(1_000):
            for connection, of in zip(connections, took):
                begun = time.perf_counter()
                connection.request("POST", "/v1/jobs/claim", '{"queues":["deep-0"]}', {"Content-Type": "application/json"})
                claimed = json.loads(connection.getresponse().read())
                of.append(time.perf_counter() - begun)
                assert len(claimed["jobs"]) == 1
        for waiting, of in zip(counts, took):
            yield f"presque, {waiting:,} waiting", 1000 * statistics.median(of)


def frugality(_: int) -> Iterator[Sample]:
    """What a job costs: bytes of WAL, commits (each of one statement), microseconds of a core, in full cycles of 100"""
    with Presque() as server:
        server.bench("work", jobs=2_000, workers=8, clients=8, batch=100, payload=PAYLOAD)
        server.sql("checkpoint")
        asked = "select pg_current_wal_lsn() - '0/0', xact_commit from pg_stat_database where datname = 'presque'"
        wal, commits = map(float, server.sql(asked).split("|"))
        of_server, of_database = server.cpu()
        jobs = 50_000
        server.bench("work", jobs=jobs, workers=8, clients=8, batch=100, payload=PAYLOAD)
        time.sleep(2)
        wal_after, commits_after = map(float, server.sql(asked).split("|"))
        of_server_after, of_database_after = server.cpu()
        yield "WAL, bytes", (wal_after - wal) / jobs
        yield "commits", (commits_after - commits) / jobs
        yield "CPU of PostgreSQL, us", 1e6 * (of_database_after - of_database) / jobs
        yield "CPU of the server, us", 1e6 * (of_server_after - of_server) / jobs


SCENARIOS: list[Callable[[int], Iterator[Sample]]] = [
    enqueue_single, single_calls, cycle_of_100, enqueue_32, drain, drain_under_snapshot, one_connection, wake_up,
    backlog, parked, frugality,
]


def machine() -> str:
    model = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    cores = len([line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("processor")])
    return f"{cores} × {model.split(':')[1].strip()}, {int(memory.split()[1]) // 1024 // 1024} GiB, {platform.system()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [scenario.__name__ for scenario in SCENARIOS]
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured, in turn (5)")
    parser.add_argument("--only", nargs="*", choices=names, default=names, help="only these")
    parser.add_argument("--report", action="store_true", help="write the report again, and measure nothing")
    parser.add_argument("--to", type=Path, default=HERE, help="the folder of the results (this one)")
    arguments = parser.parse_args()
    file = arguments.to / "results.json"
    results = json.loads(file.read_text()) if file.exists() else {"scenarios": {}}
    if not arguments.report:
        contenders.install_libraries()
        results["machine"] = machine()
        results["date"] = time.strftime("%Y-%m-%d")
        for name in arguments.only:
            results["scenarios"].pop(name, None)
        chosen = [scenario for scenario in SCENARIOS if scenario.__name__ in arguments.only]
        for n in range(arguments.rounds):
            for scenario in chosen:
                title = scenario.__doc__.strip()
                known = results["scenarios"].setdefault(scenario.__name__, {"title": title, "samples": {}})
                known["compared"] = scenario not in (wake_up, backlog, parked, frugality)
                samples = known["samples"]
                print(f"[{n + 1}/{arguments.rounds}] {title}", file=sys.stderr)
                for contender, value in scenario(n):
                    print(f"    {contender}: {value:,.2f}", file=sys.stderr)
                    samples.setdefault(contender, []).append(value)
                file.write_text(json.dumps(results, indent=1) + "\n")
    write(results, arguments.to)


if __name__ == "__main__":
    main()
