"""Procrastinate: `enqueue <jobs> <producers> <payload bytes>` or `drain <jobs> 0 <payload bytes>`.

One worker with many jobs at a time. It keeps what is done.
"""

import asyncio
import json
import os
import sys
import time

import procrastinate


async def main() -> None:
    what, jobs, producers, size = sys.argv[1], *map(int, sys.argv[2:5])
    connector = procrastinate.PsycopgConnector(
        conninfo=os.environ["DATABASE_URL"], min_size=2, max_size=max(producers, 20)
    )
    app = procrastinate.App(connector=connector)
    payload = "x" * (size - 8)

    @app.task(queue="bench", name="noop")
    async def noop(p: str) -> None:
        pass

    async with app.open_async():
        found = await connector.execute_query_one_async("select to_regclass('procrastinate_jobs') as it")
        if found["it"] is None:
            await app.schema_manager.apply_schema_async()
        await connector.execute_query_async("truncate procrastinate_jobs cascade")
        if what == "enqueue":
            left = iter(range(jobs))

            async def produce() -> None:
                for _ in left:
                    await noop.defer_async(p=payload)

            begun = time.perf_counter()
            await asyncio.gather(*(produce() for _ in range(producers)))
        else:
            for _ in range(0, jobs, 1000):
                await noop.batch_defer_async(*({"p": payload} for _ in range(1000)))
            begun = time.perf_counter()
            await app.run_worker_async(
                queues=["bench"], concurrency=20, wait=False, listen_notify=False, install_signal_handlers=False
            )
        print(json.dumps({"jobs": jobs, "seconds": time.perf_counter() - begun}))


asyncio.run(main())
