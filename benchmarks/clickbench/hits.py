"""Generated hits: the columns that ClickBench's queries read, with skewed values, the same in every run.

Most hits are of few counters, pages and visitors. Most have no search phrase, and few came from an advertisement. They
are sorted as ClickBench's table is: by counter, day and visitor.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

DAYS = 31
FIRST_DAY = np.datetime64("2013-07-01")
KNOWN_COUNTER, KNOWN_HASH, KNOWN_USER = 62, 2_868_770_270, 435_090_932
_HOSTS = ("www.google.com", "google.ru", "news.yandex.ru", "shop.example.com", "www.example.org", "smeshariki.ru")
_WORDS = ("cars", "Google maps", "weather", "phone", "tickets", "recipes", "films", "news", "games", "flats")
_MODELS = ("iPad", "iPhone 2", "A300", "W7", "Desire", "N95", "Nokia 5800", "Lumia")


def hits(rows: int) -> pa.Table:
    random = np.random.default_rng(1)
    counter = _skewed(random, rows, 6_000)
    counter[random.random(rows) < 0.08] = KNOWN_COUNTER
    day = random.integers(0, DAYS, rows)
    user = _skewed(random, rows, max(rows // 6, 10)) * 7_919 + KNOWN_USER
    order = np.lexsort((user, day, counter))
    counter, day, user = counter[order], day[order], user[order]
    page, referer = _skewed(random, rows, max(rows // 8, 100)), _skewed(random, rows, max(rows // 16, 100))
    phrase = np.where(random.random(rows) < 0.87, 0, 1 + _skewed(random, rows, max(rows // 40, 50)))
    model = np.where(random.random(rows) < 0.94, 0, 1 + random.integers(0, len(_MODELS), rows))
    time = (FIRST_DAY + day).astype("datetime64[s]") + random.integers(0, 86_400, rows).astype("timedelta64[s]")
    return pa.table(
        {
            "watchid": random.integers(0, 2**62, rows),
            "title": _texts(page % 4_000, _title),
            "eventtime": pa.array(time.astype("datetime64[us]")),
            "eventdate": pa.array(FIRST_DAY + day),
            "counterid": counter.astype(np.int32),
            "clientip": (_skewed(random, rows, max(rows // 10, 10)) * 131).astype(np.int32),
            "regionid": _skewed(random, rows, 5_000).astype(np.int32),
            "userid": user,
            "url": _texts(page, _url),
            "referer": _texts(np.where(random.random(rows) < 0.2, 0, referer), _referer),
            "isrefresh": (random.random(rows) < 0.12).astype(np.int16),
            "resolutionwidth": random.choice(np.array([0, 1024, 1280, 1366, 1638, 1920], np.int16), rows),
            "mobilephone": (model * 13 % 90).astype(np.int16),
            "mobilephonemodel": _texts(model, lambda number: _MODELS[number - 1] if number else ""),
            "traficsourceid": random.choice(np.array([-1, 0, 1, 2, 3, 6], np.int16), rows),
            "searchengineid": np.where(phrase > 0, 1 + phrase % 60, 0).astype(np.int16),
            "searchphrase": _texts(phrase, _phrase),
            "advengineid": np.where(random.random(rows) < 0.006, 1 + random.integers(0, 60, rows), 0).astype(np.int16),
            "windowclientwidth": (random.integers(40, 200, rows) * 10).astype(np.int16),
            "windowclientheight": (random.integers(30, 120, rows) * 10).astype(np.int16),
            "islink": (random.random(rows) < 0.3).astype(np.int16),
            "isdownload": (random.random(rows) < 0.01).astype(np.int16),
            "dontcounthits": (random.random(rows) < 0.05).astype(np.int16),
            "urlhash": page * 1_000_003 + KNOWN_HASH,
            "refererhash": referer * 1_000_003 + KNOWN_HASH,
        }
    )


def _skewed(random: np.random.Generator, rows: int, distinct: int) -> np.ndarray:
    """Numbers from 0, of which the lowest are frequent."""
    return np.minimum((distinct ** random.random(rows)).astype(np.int64) - 1, distinct - 1)


def _texts(numbers: np.ndarray, text: object) -> pa.Array:
    assert callable(text)
    distinct, places = np.unique(numbers, return_inverse=True)
    return pa.array([text(number) for number in distinct.tolist()]).take(pa.array(places))


def _url(number: int) -> str:
    host = _HOSTS[number % len(_HOSTS)]
    return f"http://{host}/{_WORDS[number % 10].replace(' ', '-')}/{number % 977}/page{number}.html?from={number % 31}"


def _referer(number: int) -> str:
    return f"https://{_HOSTS[number % len(_HOSTS)]}/{number}/ref?q={number % 101}" if number else ""


def _title(number: int) -> str:
    return f"{_WORDS[number % 10]} - {_WORDS[number // 10 % 10]} no. {number}" if number % 9 else ""


def _phrase(number: int) -> str:
    return f"{_WORDS[number % 10]} {_WORDS[number // 10 % 10]} {number}" if number else ""
