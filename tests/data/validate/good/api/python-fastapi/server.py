import os
from contextlib import asynccontextmanager
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, Field


class Item(BaseModel):
    name: str = Field(min_length=1)
    price: float | None = None


store: dict[int, Item] = {}


@asynccontextmanager
async def lifespan(app: FastAPI):
    store[1] = Item(name="first")
    yield
    store.clear()


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/items/{item_id}")
async def read(item_id: int, items: Annotated[dict, Depends(lambda: store)]) -> Item:
    match items.get(item_id):
        case None:
            raise HTTPException(404, "no such item")
        case item:
            return item


if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=int(os.getenv("PORT", "3000")))
