"""CSV, and other text in columns."""

from __future__ import annotations

import datetime as dt
import gzip

from tests.e2e.loading.cases import AT, DAY, Case, D, csv, zipped

UUID = "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"
LONG = "1" * 39
ISO_DAY, ISO_AT = DAY(2024, 1, 31), AT(2024, 1, 31, 10, 0)
UTC_AT = AT(2024, 1, 31, 8, 0, tzinfo=dt.UTC)
RANKS = [("F", "n"), ("M", "s"), ("F", "e")]
MANY = 21_000
"""More rows than types are inferred from at first."""

TEXT: dict[str, Case] = {
    # Integers, and text that only looks like them
    "integers": csv("a,b\n1,-2\n,0\n", "a b", (1, -2), (None, 0)),
    "the largest integers": csv("a\n9223372036854775807\n-9223372036854775808\n", "a", (2**63 - 1,), (-(2**63),)),
    "integers beyond 64 bits": csv("a,b\n9223372036854775808,1\n", "a b", (D(2**63), 1)),
    "integers of 38 digits": csv(f"a\n{'9' * 38}\n-1\n", "a", (D("9" * 38),), (D(-1),)),
    "integers of 39 digits stay text": csv(f"a,b\n{LONG},1\n", "a b", (LONG, 1)),
    "leading zeros stay text": csv("zip,n\n01234,1\n99999,2\n", "zip n", ("01234", 1), ("99999", 2)),
    "hexadecimal stays text": csv("a,n\n0x1F,1\n0x20,2\n", "a n", ("0x1F", 1), ("0x20", 2)),
    "underscores stay text": csv("a,n\n1_000,1\n", "a n", ("1_000", 1)),
    "a plus sign stays text": csv("phone,n\n+4930123456,1\n", "phone n", ("+4930123456", 1)),
    "spaces around numbers": csv("a, b\n1, 2\n3 ,4\n", "a b", (1, 2), (3, 4)),
    "Arabic digits stay text": csv("a,n\n٣,1\n", "a n", ("٣", 1)),
    # Fractions
    "fractions": csv("a\n1.5\n-0.25\n1e3\n.5\n7.\n", "a", (1.5,), (-0.25,), (1000.0,), (0.5,), (7.0,)),
    "infinity": csv("a\n1.5\ninf\n-Infinity\n", "a", (1.5,), (float("inf"),), (float("-inf"),)),
    "numbers beyond floats stay text": csv("a,n\n1e400,1\n2,2\n", "a n", ("1e400", 1), ("2", 2)),
    "an integer no float holds": csv(
        "a,n\n0.5,1\n9007199254740993,2\n", "a n", ("0.5", 1), ("9007199254740993", 2)
    ),
    "an integer a float holds": csv("a\n0.5\n9007199254740992\n", "a", (0.5,), (2.0**53,)),
    "decimal commas": csv("a;b\n1,5;1\n-2,25;2\n", "a b", (1.5, 1), (-2.25, 2), decimal=","),
    "decimal commas stay text": csv("a;b\n1,5;1\n", "a b", ("1,5", 1)),
    "decimals that are asked for": csv(
        "a\n1.10\n1e1\n", "a", (D("1.10"),), (D("10.00"),), types={"a": "decimal(9,2)"}
    ),
    # Booleans
    "true and false": csv("a\ntrue\nFALSE\n\n", "a", (True,), (False,), (None,)),
    "yes and no stay text": csv("a,n\nyes,1\nno,2\n", "a n", ("yes", 1), ("no", 2)),
    "yes and no as booleans": csv("a,n\nyes,1\nN,2\n", "a n", (True, 1), (False, 2), types={"a": "bool"}),
    # Dates and times
    "ISO dates": csv("a\n2024-01-31\n", "a", (ISO_DAY,)),
    "year first": csv("a,n\n2024/01/31,1\n", "a n", (ISO_DAY, 1)),
    "day first, unmistakably": csv("a,n\n31/01/2024,1\n01/02/2024,2\n", "a n", (ISO_DAY, 1), (DAY(2024, 2, 1), 2)),
    "month first, unmistakably": csv("a,n\n01/31/2024,1\n02/01/2024,2\n", "a n", (ISO_DAY, 1), (DAY(2024, 2, 1), 2)),
    "day or month stays text": csv("a,n\n01/02/2024,1\n", "a n", ("01/02/2024", 1)),
    "day or month, told": csv(
        "a,n\n01/02/2024,1\n", "a n", (DAY(2024, 2, 1), 1), date_format="%d/%m/%Y"
    ),
    "formats by column": csv(
        "a,b\n1.2.24,Feb 3 2024\n",
        "a b",
        (DAY(2024, 2, 1), DAY(2024, 2, 3)),
        date_format={"a": "%d.%m.%y", "b": "%b %d %Y"},
    ),
    "versions stay text": csv("a,n\n10.11.12,1\n9.10.11,2\n", "a n", ("10.11.12", 1), ("9.10.11", 2)),
    "years of two digits stay text": csv("a,n\n31-12-24,1\n", "a n", ("31-12-24", 1)),
    "no such day stays text": csv("a,n\n2023-02-29,1\n0000-00-00,2\n", "a n", ("2023-02-29", 1), ("0000-00-00", 2)),
    "dates and timestamps": csv("a\n2024-01-31\n2024-01-31 10:00\n", "a", (AT(2024, 1, 31),), (ISO_AT,)),
    "offsets": csv("a\n2024-01-31T10:00:00+02:00\n2024-01-31 08:00:00Z\n", "a", (UTC_AT,), (UTC_AT,)),
    "some offsets stay text": csv(
        "a,n\n2024-01-31T10:00:00Z,1\n2024-01-31T10:00:00,2\n",
        "a n",
        ("2024-01-31T10:00:00Z", 1),
        ("2024-01-31T10:00:00", 2),
    ),
    "times": csv("a,n\n10:00,1\n11:30:00.5,2\n", "a n", (dt.time(10), 1), (dt.time(11, 30, 0, 500_000), 2)),
    "durations stay text": csv("a,n\n10:00,1\n25:30,2\n", "a n", ("10:00", 1), ("25:30", 2)),
    "a clock of twelve hours": csv(
        "a,n\n3/4/2024 12:05 AM,1\n3/4/2024 1:05 PM,2\n",
        "a n",
        (AT(2024, 3, 4, 0, 5), 1),
        (AT(2024, 3, 4, 13, 5), 2),
        date_format="%m/%d/%Y %I:%M %p",
    ),
    # Text
    "UUIDs keep their case": csv(f"a,n\n{UUID},1\n", "a n", (UUID, 1)),
    "quotes and line ends": csv('a,b\n"x\ny","say ""hi"", ok"\n#1,2\n', "a b", ("x\ny", 'say "hi", ok'), ("#1", "2")),
    "spaces in text are kept": csv("a,n\n x ,1\n", "a n", (" x ", 1)),
    "one column with commas in quotes": csv('a\n"x,y"\n"z,w"\n', "a", ("x,y",), ("z,w",)),
    "one column of sentences": csv("a\nx, y\nz\n", "a", ("x, y",), ("z",)),
    "no value at all": csv("a,n\n,1\n,2\n", "a n", (None, 1), (None, 2)),
    "names for null": csv("a,b\n1,NA\n-,2\n", "a b", (1, None), (None, 2), null=["NA", "-"]),
    "all text": csv("a,b\n01,2024-01-31\n", "a b", ("01", "2024-01-31"), all_text=True),
    "types that are asked for": csv(
        "zip,n,at\n1234,7,2024-01-31\n", "zip n at", ("1234", 7.0, AT(2024, 1, 31)),
        types={"zip": "string", "N": "float32", "at": "timestamp(us)"},
    ),
    "another encoding": csv("ä,b\n1,ü\n".encode("cp1252"), "ä b", (1, "ü"), encoding="cp1252"),
    "UTF-16": csv("ä,b\n1,ü\n".encode("utf-16"), "ä b", (1, "ü")),
    "a byte order mark": csv("\ufeffa,b\n1,2\n", "a b", (1, 2)),
    # Headers and layouts
    "a header of text only": csv("name,kind\nx,y\nz,w\n", "name kind", ("x", "y"), ("z", "w")),
    "rows of text only": csv("F,n\nM,s\nF,e\n", "column0 column1", *RANKS),
    "names of rows, as R writes them": csv('"","name"\n"1","x"\n"2","y"\n', "column0 name", (1, "x"), (2, "y")),
    "an empty first name": csv(",a,b\nr1,x,y\nr2,z,w\n", "column0 a b", ("r1", "x", "y"), ("r2", "z", "w")),
    "numbers of columns, as data frames write them": csv(
        '"","0","1"\n"0",27,29\n"1",59,53\n', "column0 0 1", (0, 27, 29), (1, 59, 53)
    ),
    "numbers in quotes above numbers without": csv('"","9.5","7"\n"x",1,2\n', "column0 9.5 7", ("x", 1, 2)),
    "numbers in quotes in every row": csv('"1","9.5"\n"2","7"\n', "column0 column1", (1, 9.5), (2, 7.0)),
    "a measurement that lacks its first value": csv(
        ",7,9\n3,1,2\n", "column0 column1 column2", (None, 7, 9), (3, 1, 2)
    ),
    "years as names": csv("country,2019,2020\nA,1,2\n", "country 2019 2020", ("A", 1, 2)),
    "no header": csv("1,x\n2,y\n", "column0 column1", (1, "x"), (2, "y")),
    "no header, told": csv("a,b\nc,d\n", "column0 column1", ("a", "b"), ("c", "d"), header=False),
    "a header, told": csv("1,2\n3,4\n", "1 2", (3, 4), header=True),
    "names that are given": csv("1,x\n2,y\n", "id name", (1, "x"), (2, "y"), columns=["id", "name"]),
    "names twice": csv("a,A,a\n1,2,3\n", "a A_1 a_2", (1, 2, 3)),
    "a line with the separator": csv("sep=;\na;b\n1;2\n", "a b", (1, 2)),
    "a pipe": csv("a|b\n1|2\n", "a b", (1, 2)),
    "tabs": Case({"a.tsv": "a\tb\n1\tx,y\n"}, [(1, "x,y")], "a b"),
    "lines to skip": csv("a report\n\na,b\n1,2\n", "a b", (1, 2), skip_lines=2),
    "blank lines": csv("a,b\n\n1,2\n\n3,4\n", "a b", (1, 2), (3, 4)),
    "Windows line ends": csv("a,b\r\n1,2\r\n", "a b", (1, 2)),
    "short rows and stray quotes": csv(
        'a,b\n1,"x"y\r\n3\n4,say "hi"\n', "a b", (1, "xy"), (3, None), (4, 'say "hi"'), lenient=True
    ),
    # What comes late
    "a fraction late in a file": csv("a\n" + "1\n" * MANY + "1.5\n", "a", *[(1.0,)] * MANY, (1.5,)),
    "text late in a file": csv("a,b\n1,x\n2,y\n007,z\n", "a b", ("1", "x"), ("2", "y"), ("007", "z"), sample_size=2),
    # Several files, archives
    "two files have one date format": Case(
        {"1.csv": "a,n\n01/02/2024,1\n", "2.csv": "n,a\n2,31/01/2024\n"},
        [(DAY(2024, 2, 1), 1), (ISO_DAY, 2)],
        "a n",
    ),
    "two files of two date formats stay text": Case(
        {"1.csv": "a,n\n31/01/2024,1\n", "2.csv": "a,n\n01/31/2024,2\n"},
        [("31/01/2024", 1), ("01/31/2024", 2)],
        "a n",
    ),
    "columns that a file lacks": Case(
        {"1.csv": "a,b\n1,x\n", "2.csv": "B,c\ny,2\n"}, [(1, "x", None), (None, "y", 2)], "a b c"
    ),
    "a zip with a text beside": Case(
        {"a.zip": zipped(rows_csv="a,b\n1,2\n", README_txt="hello, all\nyou\n")}, [(1, 2)], "a b"
    ),
    "a zip of texts": Case({"a.zip": zipped(rows_txt="a,b\n1,2\n")}, [(1, 2)], "a b"),
    "gzip": Case({"a.csv.gz": gzip.compress(b"a,b\n1,2\n", mtime=0)}, [(1, 2)], "a b"),
    "JSON in a text file": Case({"a.txt": '{"a": 1}\n{"a": 2}\n'}, [(1,), (2,)], "a"),
}  # fmt: skip
