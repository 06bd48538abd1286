"""PgQueuer: `enqueue <jobs> <producers> <payload bytes>` or `drain <jobs> 0 <payload bytes>`.

Its drain mode with large batches. It logs what is done.
"""

import asyncio
import json
import os
import sys
import time

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.domain.types import QueueExecutionMode
from pgqueuer.queries import Queries


async def main() -> None:
    what, jobs, producers, size = sys.argv[1], *map(int, sys.argv[2:5])
    payload = b"x" * size
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=2, max_size=max(producers, 8)) as pool:
        driver = AsyncpgPoolDriver(pool)
        queries = Queries(driver)
        if not await pool.fetchval("select to_regclass('pgqueuer')"):
            await queries.install()
        await pool.execute("truncate pgqueuer")
        if what == "enqueue":
            left = iter(range(jobs))

            async def produce() -> None:
                for _ in left:
                    await queries.enqueue("noop", payload)

            begun = time.perf_counter()
            await asyncio.gather(*(produce() for _ in range(producers)))
        else:
            for _ in range(0, jobs, 1000):
                await queries.enqueue(["noop"] * 1000, [payload] * 1000, [0] * 1000)
            await pool.execute("analyze pgqueuer")
            queue = PgQueuer(driver)

            @queue.entrypoint("noop")
            async def noop(job: object) -> None:
                pass

            begun = time.perf_counter()
            await queue.run(batch_size=1000, mode=QueueExecutionMode.drain)
            left = await pool.fetchval("select count(*) from pgqueuer")
            assert left == 0, left
        print(json.dumps({"jobs": jobs, "seconds": time.perf_counter() - begun}))


asyncio.run(main())
