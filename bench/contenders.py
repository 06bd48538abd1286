"""What is measured: each contender is started, told to do one thing, and says how fast it was."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PRESQUE = Path(os.environ.get("PRESQUE", ROOT / "target/release/presque"))
PEERS = HERE / "peers"
PG_BIN = Path(os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin"))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nothing listens on {port}")


class Process:
    """A program that runs while this is open, with a folder of its own."""

    def __init__(self, *command: object, port: int, folder: Path):
        self.port, self.folder = port, folder
        self.log = (folder / "log").open("w")
        self.child = subprocess.Popen([str(part) for part in command], stdout=self.log, stderr=self.log)
        wait_for(port)

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.child.send_signal(signal.SIGTERM)
        self.child.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)


def folder() -> Path:
    place = Path(tempfile.mkdtemp(prefix="presque-bench-", dir=os.environ.get("BENCH_DIR")))
    place.chmod(0o755)  # PostgreSQL runs as another user where we are root.
    return place


class Presque(Process):
    """A server with its private PostgreSQL, both new."""

    def __init__(self, *arguments: object):
        port, place = free_port(), folder()
        super().__init__(
            PRESQUE, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", place / "data", *arguments,
            port=port, folder=place,
        )
        self.socket = place / "data/socket"
        for _ in range(600):
            if subprocess.run(["curl", "-fs", f"http://127.0.0.1:{port}/readyz"], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)

    def bench(self, what: str, **options: object) -> dict:
        arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        done = subprocess.run(
            [PRESQUE, "bench", what, "--url", f"http://127.0.0.1:{self.port}", "--yes", "-o", "json", *arguments],
            capture_output=True, text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr[-2000:])
        return json.loads(done.stdout)

    def sql(self, text: str) -> str:
        return subprocess.run(
            ["psql", "-X", "-q", "-At", "-h", self.socket, "-U", "presque", "presque", "-c", text],
            capture_output=True, text=True, check=True,
        ).stdout.strip()

    def cpu(self) -> tuple[float, float]:
        """Seconds that the server and its PostgreSQL have used."""
        tick = os.sysconf("SC_CLK_TCK")

        def used(pid: int) -> float:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / tick

        # Of the postmaster with all that it started and that has ended.
        postmaster = int(next(self.folder.glob("data/data-*/postmaster.pid")).read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        fields = Path(f"/proc/{postmaster}/stat").read_text().rsplit(")", 1)[1].split()
        ended = (int(fields[13]) + int(fields[14])) / tick
        alive = 0.0
        for child in children:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                alive += used(int(child))
        return used(self.child.pid), used(postmaster) + ended + alive

    def database_url(self, name: str) -> str:
        """A database of its own on this PostgreSQL, for those who need one."""
        self.sql(f"create database {name}")
        return f"postgresql://presque@/{name}?host={self.socket}"

    def pgbench(self, url: str, script: str, clients: int, seconds: int, options: str = "") -> dict:
        path = self.folder / "script.sql"
        path.write_text(script)
        done = subprocess.run(
            ["pgbench", "-n", "-M", "prepared", "-f", path, "-c", str(clients), "-j", "2", "-T", str(seconds), url],
            capture_output=True, text=True,
            env=os.environ | {"PATH": f"{PG_BIN}:{os.environ['PATH']}", "PGOPTIONS": options},
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr[-2000:])
        return {
            "per_second": float(re.search(r"tps = ([\d.]+)", done.stdout)[1]),
            "latency_ms": float(re.search(r"latency average = ([\d.]+)", done.stdout)[1]),
        }


def redis(producers: int, jobs: int, payload: int) -> float:
    """Pushes a second, each written to disk before it is answered."""
    port, place = free_port(), folder()
    command = ["redis-server", "--port", port, "--dir", place, "--save", "", "--appendonly", "yes",
               "--appendfsync", "always"]
    with Process(*command, port=port, folder=place):
        done = subprocess.run(
            ["redis-benchmark", "-p", str(port), "-c", str(producers), "-n", str(jobs), "-q", "--csv",
             "lpush", "jobs", "x" * payload],
            capture_output=True, text=True, check=True,
        ).stdout
    return float(done.strip().splitlines()[-1].split(",")[1].strip('"'))


def beanstalkd(producers: int, jobs: int, payload: int) -> float:
    """Puts a second, each written to disk before it is answered."""
    port, place = free_port(), folder()
    put = f"put 0 0 60 {payload}\r\n{'x' * payload}\r\n".encode()
    with Process("beanstalkd", "-l", "127.0.0.1", "-p", port, "-b", place, "-f", "0", port=port, folder=place):
        each = jobs // producers

        def produce() -> None:
            with socket.create_connection(("127.0.0.1", port)) as one:
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for _ in range(each):
                    one.sendall(put)
                    if not one.recv(100).startswith(b"INSERTED"):
                        raise RuntimeError("a job was not inserted")

        threads = [threading.Thread(target=produce) for _ in range(producers)]
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return each * producers / (time.perf_counter() - begun)


LIBRARIES = {
    "graphile-worker": ["node", PEERS / "graphile.mjs"],
    "pg-boss": ["node", PEERS / "pgboss.mjs"],
    "PgQueuer": [PEERS / ".venv/bin/python", PEERS / "pgqueuer_bench.py"],
    "Procrastinate": [PEERS / ".venv/bin/python", PEERS / "procrastinate_bench.py"],
    "Awa": [PEERS / ".venv/bin/python", PEERS / "awa_bench.py"],
}


BROKERS = {
    "RabbitMQ, quorum queue, confirmed": ["node", PEERS / "rabbitmq.mjs"],
    "NATS JetStream, syncs every 2 min": ["node", PEERS / "nats.mjs"],
}


@contextlib.contextmanager
def broker(name: str) -> Iterator[str]:
    """A broker with all it keeps in a folder of its own; where it is."""
    port, place = free_port(), folder()
    if name.startswith("NATS"):
        with Process("nats-server", "-a", "127.0.0.1", "-p", port, "-js", "-sd", place / "data", port=port, folder=place):
            yield f"nats://127.0.0.1:{port}"
        return
    # The program itself: the one in the path runs it as another user, in the folders of the system.
    names = str(free_port())
    command = ["env", f"RABBITMQ_NODENAME=bench{port}@localhost", f"RABBITMQ_NODE_PORT={port}",
               "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1", f"RABBITMQ_DIST_PORT={free_port()}", f"HOME={place}",
               f"ERL_EPMD_PORT={names}", f"RABBITMQ_MNESIA_BASE={place}/data", f"RABBITMQ_LOG_BASE={place}",
               f"RABBITMQ_ENABLED_PLUGINS_FILE={place}/plugins", f"RABBITMQ_PID_FILE={place}/pid",
               "/usr/lib/rabbitmq/bin/rabbitmq-server"]
    try:
        with Process(*command, port=port, folder=place):
            yield f"amqp://guest:guest@127.0.0.1:{port}"
    finally:
        subprocess.run(["epmd", "-port", names, "-kill"], capture_output=True, check=False)


def install_libraries() -> None:
    """From the registries, into folders of their own."""
    if not all((PEERS / "node_modules" / name).exists() for name in ("pg-boss", "amqplib", "@nats-io/jetstream")):
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=PEERS, check=True)
    if not (PEERS / ".venv").exists():
        subprocess.run([sys.executable, "-m", "venv", PEERS / ".venv"], check=True)
        subprocess.run([PEERS / ".venv/bin/pip", "-q", "install", "-r", PEERS / "requirements.txt"], check=True)


def of_library(name: str, url: str, what: str, jobs: int, producers: int, payload: int) -> float:
    """Jobs a second."""
    done = subprocess.run(
        [*map(str, (LIBRARIES | BROKERS)[name]), what, str(jobs), str(producers), str(payload)],
        capture_output=True, text=True, timeout=300, env=os.environ | {"DATABASE_URL": url},
    )
    if done.returncode != 0:
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    said = json.loads(done.stdout.strip().splitlines()[-1])
    return said["jobs"] / said["seconds"]
