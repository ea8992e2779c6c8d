"""Answers from threads reach the event loop: results, errors and cancellations."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

import pytest

from supertable.entrypoints.web.service.answers import Answers


def test_each_waiter_gets_its_own_answer() -> None:
    async def wait() -> list[object]:
        answers, futures = Answers(), [Future[int]() for _ in range(100)]

        def answer() -> None:
            for number, future in enumerate(futures):
                if number % 7 == 3:
                    future.set_exception(ValueError(str(number)))
                else:
                    future.set_result(number)

        waiting = [asyncio.ensure_future(answers.of(future)) for future in futures]
        await asyncio.sleep(0)
        thread = threading.Thread(target=answer)
        thread.start()
        found = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 20)
        thread.join()
        return [str(one) if isinstance(one, ValueError) else one for one in found]

    assert asyncio.run(wait()) == [str(n) if n % 7 == 3 else n for n in range(100)]


def test_an_answer_that_is_there_already_is_passed_on() -> None:
    async def wait() -> int:
        done: Future[int] = Future()
        done.set_result(5)
        return await asyncio.wait_for(Answers().of(done), 20)

    assert asyncio.run(wait()) == 5


def test_a_caller_that_leaves_cancels_its_answer_alone() -> None:
    async def leave() -> tuple[bool, int]:
        answers, left, kept = Answers(), Future[int](), Future[int]()
        leaving, staying = (asyncio.ensure_future(answers.of(one)) for one in (left, kept))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        kept.set_result(1)
        return left.cancelled(), await asyncio.wait_for(staying, 20)

    assert asyncio.run(leave()) == (True, 1)


def test_a_cancelled_answer_cancels_its_waiter() -> None:
    async def wait() -> None:
        answer: Future[int] = Future()
        waiting = asyncio.ensure_future(Answers().of(answer))
        await asyncio.sleep(0)
        answer.cancel()
        await asyncio.wait_for(waiting, 20)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(wait())
