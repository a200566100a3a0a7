import asyncio


def main():
    await asyncio.sleep(0)
    print("x")


main()
