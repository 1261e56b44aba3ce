"""Writes spreadsheets as users do, with pandas, openpyxl, xlsxwriter and Python's csv.

    make-books.py FOLDER SEED

Besides the files the folder gets expected.json: for each file the records that its rows are. The
workbooks are read again with openpyxl, which must find the same.
"""

import csv
import datetime as dt
import json
import random
import sys
from pathlib import Path

import openpyxl
import pandas
import xlsxwriter
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.utils.datetime import CALENDAR_MAC_1904

NAMES = ["message_id", "text", "whole", "real", "yes", "moment", "clock", "none"]
ROWS = 40
CHARACTERS = "ab 07é漢😀<&>'\"\n;,\t"


def main(folder: Path, seed: int) -> None:
    rng = random.Random(seed)
    expected = {}
    for make in [
        openpyxl_plain,
        openpyxl_streamed,
        openpyxl_iso_dates,
        openpyxl_1904,
        openpyxl_furnished,
        xlsxwriter_plain,
        xlsxwriter_constant_memory,
        xlsxwriter_1904,
        xlsxwriter_furnished,
        pandas_openpyxl,
        pandas_xlsxwriter,
        pandas_csv,
        csv_excel,
        csv_semicolons,
        csv_tabs,
        csv_old_mac,
    ]:
        rows = [row_of(rng, number) for number in range(ROWS)]
        path = folder / f"{make.__name__}.{'csv' if 'csv' in make.__name__ else 'xlsx'}"
        make(path, rows)
        is_csv = path.suffix == ".csv"
        expected[path.stem] = [{name: json_of(value, is_csv) for name, value in row.items()} for row in rows]
        if not is_csv:
            check(path, expected[path.stem])
    (folder / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


def row_of(rng: random.Random, number: int) -> dict:
    moment = dt.datetime(1904, 1, 2) + dt.timedelta(milliseconds=rng.randrange(195 * 365 * 86_400_000))
    # Text that begins so is a formula to some of them.
    text = "".join(rng.choices(CHARACTERS, k=rng.randrange(12))).strip(" \n\t")
    return {
        "message_id": f"m-{number}",
        "text": text or None,
        "whole": rng.choice([0, -1, 7, 2**31, -(2**40)]),
        "real": round(rng.uniform(-1e6, 1e6), rng.randrange(7)),
        "yes": rng.random() < 0.5,
        "moment": moment,
        "clock": dt.time(rng.randrange(24), rng.randrange(60), rng.randrange(60)),
        "none": None,
    }


def json_of(value, is_csv: bool):
    """docs/files.md, "What cells become"."""
    if isinstance(value, dt.datetime):
        if is_csv:
            return str(value)
        return value.isoformat(timespec="milliseconds") + "Z"
    if isinstance(value, dt.time):
        return str(value) if is_csv else value.isoformat(timespec="milliseconds")
    if is_csv and isinstance(value, str):
        return number_of(value)
    return value


def number_of(text: str):
    """A CSV file has no types: what looks like a number of JSON is one."""
    bare = text.strip()
    if bare == "":
        return None
    try:
        # JSON's numbers have neither zeros in front nor a plus.
        return json.loads(bare) if bare[0] in "-0123456789" else text
    except json.JSONDecodeError:
        return text


def check(path: Path, expected: list) -> None:
    sheet = openpyxl.load_workbook(path, data_only=True).worksheets[0]
    header, *rows = sheet.iter_rows(values_only=True)
    found = [{name: json_of(value, False) for name, value in zip(header, row)} for row in rows]
    assert header == tuple(expected[0]), f"{path.name}: {header}"
    for theirs, ours in zip(found, expected, strict=True):
        for name, value in ours.items():
            is_same = rounded(theirs[name]) == rounded(value)
            assert is_same or value is None, f"{path.name}: {name} {theirs[name]!r} {value!r}"


def rounded(value):
    """openpyxl's times are exact to a centisecond, and it leaves most escapes as they are."""
    return value.replace("\x07", "_x0007_")[:22] if isinstance(value, str) else value


def openpyxl_plain(path, rows):
    book = openpyxl.Workbook()
    fill(book.active, rows)
    book.create_sheet("second").append(["not read"])
    book.save(path)


def openpyxl_streamed(path, rows):
    book = openpyxl.Workbook(write_only=True)
    fill(book.create_sheet("s"), rows)
    book.save(path)


def openpyxl_iso_dates(path, rows):
    book = openpyxl.Workbook()
    book.iso_dates = True
    fill(book.active, rows)
    book.save(path)


def openpyxl_1904(path, rows):
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    fill(book.active, rows)
    book.save(path)


def openpyxl_furnished(path, rows):
    """A chart sheet in front, rich text, formulas without values, links, comments, merged cells."""
    book = openpyxl.Workbook()
    sheet = book.active
    book.create_chartsheet("chart", 0).add_chart(openpyxl.chart.LineChart())
    fill(sheet, rows)
    sheet["B2"] = CellRichText("plain ", TextBlock(InlineFont(b=True), "bold"))
    sheet["C3"] = "=1+1"
    sheet["B4"].hyperlink = "http://localhost/x"
    sheet["B4"] = "linked"
    sheet["B5"].comment = openpyxl.comments.Comment("a note", "someone")
    sheet.merge_cells("H2:H4")
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    book.save(path)
    rows[0]["text"] = "plain bold"
    rows[1]["whole"] = None
    rows[2]["text"] = "linked"


def fill(sheet, rows):
    sheet.append(NAMES)
    for row in rows:
        sheet.append(list(row.values()))


def xlsxwriter_plain(path, rows):
    write(path, rows, {})


def xlsxwriter_constant_memory(path, rows):
    write(path, rows, {"constant_memory": True})


def xlsxwriter_1904(path, rows):
    write(path, rows, {"date_1904": True, "use_zip64": True})


def write(path, rows, options):
    book = xlsxwriter.Workbook(path, options)
    sheet = book.add_worksheet()
    write_rows(book, sheet, rows)
    book.close()


def write_rows(book, sheet, rows):
    moment = book.add_format({"num_format": 'yyyy"y" mm-dd hh:mm:ss.000'})
    clock = book.add_format({"num_format": "[Red]hh:mm:ss"})
    sheet.write_row(0, 0, NAMES)
    for at, row in enumerate(rows, 1):
        for column, (name, value) in enumerate(row.items()):
            if name in ("moment", "clock"):
                sheet.write_datetime(at, column, value, moment if name == "moment" else clock)
            elif isinstance(value, str):
                sheet.write_string(at, column, value)
            else:
                sheet.write(at, column, value)


def xlsxwriter_furnished(path, rows):
    """A table, rich text, formulas with values, characters that XML does not have, errors."""
    book = xlsxwriter.Workbook(path, {"in_memory": True})
    sheet = book.add_worksheet("Käufe & more")
    write_rows(book, sheet, rows)
    sheet.write_rich_string(1, 1, "a ", book.add_format({"bold": True}), "b", " c")
    sheet.write_formula(2, 2, "=1+1", None, 2)
    sheet.write_formula(3, 1, '="x" & "y"', None, "xy")
    sheet.write_string(4, 1, "bell \x07 and _x0041_")
    sheet.write_formula(5, 3, "=1/0", None, "#DIV/0!")
    sheet.add_table(0, 0, len(rows), len(NAMES) - 1, {"columns": [{"header": name} for name in NAMES]})
    sheet.insert_textbox(2, 10, "a box")
    book.add_worksheet("other").write(0, 0, "not read")
    book.close()
    rows[0]["text"] = "a b c"
    rows[1]["whole"] = 2
    rows[2]["text"] = "xy"
    rows[3]["text"] = "bell \x07 and _x0041_"
    rows[4]["real"] = None


def frame_of(rows):
    for row in rows:
        # pandas writes times of day as text.
        row["clock"] = str(row["clock"])
    return pandas.DataFrame(rows)


def pandas_openpyxl(path, rows):
    frame_of(rows).to_excel(path, index=False, engine="openpyxl")


def pandas_xlsxwriter(path, rows):
    frame_of(rows).to_excel(path, index=False, engine="xlsxwriter")


def pandas_csv(path, rows):
    frame_of(rows).to_csv(path, index=False, encoding="utf-8-sig")
    for row in rows:
        row["moment"] = row["moment"].isoformat(" ", "milliseconds")


def csv_excel(path, rows):
    write_csv(path, rows, dialect="excel")


def csv_semicolons(path, rows):
    write_csv(path, rows, delimiter=";", quoting=csv.QUOTE_ALL)


def csv_tabs(path, rows):
    write_csv(path, rows, dialect="excel-tab", lineterminator="\n")


def csv_old_mac(path, rows):
    write_csv(path, rows, lineterminator="\r", quoting=csv.QUOTE_NONNUMERIC)


def write_csv(path, rows, **options):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, **options)
        writer.writerow(NAMES)
        for row in rows:
            writer.writerow(row.values())


main(Path(sys.argv[1]), int(sys.argv[2]))
