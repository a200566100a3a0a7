import asyncio
import contextlib
import urllib.request


async def get(url: str) -> tuple[str, int]:
    def work():
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status, len(response.read())

    try:
        status, size = await asyncio.to_thread(work)
        return f"{url} {status}", size
    except* OSError as group:
        for error in group.exceptions:
            print("failed", url, error)
    return url, 0


async def main():
    urls = ["https://example.com/", "https://www.python.org/"]
    async with contextlib.AsyncExitStack():
        results = [r for r in await asyncio.gather(*map(get, urls)) if r]
    for name, size in results:
        print(name, size, sep="\t")


asyncio.run(main())
