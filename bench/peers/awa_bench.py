"""Awa: `enqueue <jobs> <producers> <payload bytes>` or `drain <jobs> 0 <payload bytes>`.

Its COPY to load, one client with many workers to drain. It keeps what is done.
"""

import asyncio
import json
import os
import sys
import time
from dataclasses import dataclass

from awa import AsyncClient


@dataclass
class Noop:
    p: str


async def main() -> None:
    what, jobs, producers, size = sys.argv[1], *map(int, sys.argv[2:5])
    job = Noop(p="x" * (size - 8))
    url = os.environ["DATABASE_URL"].replace("@/", "@localhost/")
    client = AsyncClient(url, max_connections=max(producers, 20))
    await client.migrate()
    queue = f"bench{int(time.time())}"
    if what == "enqueue":
        left = iter(range(jobs))

        async def produce() -> None:
            for _ in left:
                await client.insert(job, queue=queue)

        begun = time.perf_counter()
        await asyncio.gather(*(produce() for _ in range(producers)))
        took = time.perf_counter() - begun
    else:
        for _ in range(0, jobs, 1000):
            await client.insert_many_copy([job] * 1000, queue=queue)
        done = 0
        finished = asyncio.Event()

        @client.task(Noop, queue=queue)
        async def noop(_: object) -> None:
            nonlocal done
            done += 1
            if done == jobs:
                finished.set()

        begun = time.perf_counter()
        await client.start([(queue, 200)])
        await finished.wait()
        took = time.perf_counter() - begun
        await client.shutdown()
    print(json.dumps({"jobs": jobs, "seconds": took}), flush=True)
    os._exit(0)


asyncio.run(main())
