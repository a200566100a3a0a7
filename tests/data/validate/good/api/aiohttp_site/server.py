import asyncio
import os

from aiohttp import web


async def index(request):
    return web.Response(text="ok")


async def main():
    app = web.Application()
    app.router.add_get("/", index)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "0.0.0.0", int(os.environ.get("PORT", "3000")))
    await site.start()
    await asyncio.Event().wait()


asyncio.run(main())
