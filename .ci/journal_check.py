"""Reads journal files with readers that are independent of the product. Usage: journal_check.py <folder>

The folder has the files of one journal in each format, and `expected.json` with its totals: number of entries and lines, sum of the
debits, and balance of each account. DATEV is read by mloda-community-german-ledger, SIE by pysie-accounting, FEC by fec-parser, CSV by
Python. `lists.json` names the lists beside them, with the columns, the number of rows and a text that is hard to write. Exits with 1 and a
sentence for each difference.
"""

import csv
import json
import re
import sys
import tempfile
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from fec_parser.parser import FECParser
from mloda.community.feature_groups.experimental.german_ledger.datev import read_batch
from pysie_accounting.pysie import PySIE

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
NUMBERS = {"number", "debit", "credit", "original_amount", "rate", "tax_base", "line"}
# DATEV computes the tax of rows with a tax key: their accounts are compared together.
TAX_AND_EXPENSE = {"4456", "6251"}


class Check:
    """Differences between a file and what is expected."""

    def __init__(self, expected):
        self.expected = expected
        self.faults = []

    def equal(self, name, what, found, wanted):
        if found != wanted:
            self.faults.append(f"{name}: {what} is {found}, and {wanted} is expected.")

    def balances(self, name, found, join=frozenset()):
        """Compares balances of accounts; those in `join` by their sum."""
        wanted = {account: Decimal(sum_) for account, sum_ in self.expected["balances"].items()}

        def joined(balances):
            sums = defaultdict(Decimal)
            for account, amount in balances.items():
                sums["+".join(sorted(join)) if account in join else account] += amount
            return {account: amount for account, amount in sums.items() if amount}

        self.equal(name, "the balance of the accounts", joined(found), joined(wanted))


def check_datev(check, path, join=frozenset()):
    header, legs = read_batch(str(path))
    balances, debits = defaultdict(Decimal), Decimal(0)
    for account, amount in zip(legs["Konto"], legs["Betrag"]):
        balances[account] += amount
        debits += max(amount, Decimal(0))
    check.balances(path.name, balances, join)
    check.equal(path.name, "the sum of the debits", debits, Decimal(check.expected["debits"]))
    check.equal(path.name, "the number of entries", len(set(zip(legs["Belegfeld 1"], legs["Buchungsdatum"]))), check.expected["entries"])
    check.equal(path.name, "the client", (header.berater, header.mandant), ("29098", "55003"))


def check_sie(check, path):
    reader = PySIE()
    reader.sie_encoding = "cp437"
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as codes:
        # The reader requires a table of tax codes; the file has none.
        codes.write("SRU,Ink2\n")
        codes.flush()
        reader.open_trans(codes.name)
        reader.open(str(path))
    numbers = [int(number) for number in reader.verifikat]
    check.equal(path.name, "the number of entries", len(numbers), check.expected["entries"])
    check.equal(path.name, "the numbers of the vouchers", numbers, list(range(numbers[0], numbers[0] + len(numbers))))
    balances, debits, lines = defaultdict(Decimal), Decimal(0), 0
    for number, (_, _, _, transactions) in reader.verifikat.items():
        check.equal(path.name, f"the sum of voucher {number}", sum(Decimal(amount) for _, _, amount in transactions), Decimal(0))
        for account, _, amount in transactions:
            balances[account] += Decimal(amount)
            debits += max(Decimal(amount), Decimal(0))
            lines += 1
    check.equal(path.name, "the number of lines", lines, check.expected["lines"])
    check.balances(path.name, balances)
    check.equal(path.name, "the sum of the debits", debits, Decimal(check.expected["debits"]))
    check.equal(path.name, "the company", reader.fnamn, 'Åkeri \\"Öst\\" AB')


def check_fec(check, path):
    with path.open("rb") as file:
        reader = FECParser.from_bytesio(file, path.name)
        rows = list(reader.get_ecritures())
    balances = defaultdict(Decimal)
    for row in rows:
        balances[row.compte_num] += row.debit - row.credit
    check.equal(path.name, "the number of lines", len(rows), check.expected["lines"])
    check.equal(path.name, "the sum of the debits", sum(row.debit for row in rows), Decimal(check.expected["debits"]))
    check.equal(path.name, "the sum of the credits", sum(row.credit for row in rows), Decimal(check.expected["debits"]))
    check.balances(path.name, balances)
    # The reader does not give the numbers of entries.
    data = path.read_bytes()
    text = data.decode("iso8859_15" if "iso8859_15" in path.name else "utf-8")
    numbers = sorted({int(line.split("\t")[2]) for line in text.splitlines()[1:]})
    check.equal(path.name, "the numbers of the entries", numbers, list(range(numbers[0], numbers[0] + check.expected["entries"])))
    check.equal(path.name, "the number of columns", {line.count("\t") + 1 for line in text.splitlines()}, {18})


def check_csv(check, path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    balances, debits = defaultdict(Decimal), Decimal(0)
    for row in rows:
        balances[row["account"]] += Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0)
        debits += Decimal(row["debit"] or 0)
        for name, cell in row.items():
            if name not in NUMBERS and cell.startswith(FORMULA_STARTS):
                check.faults.append(f"{path.name}: the cell {cell!r} in {name} would run as a formula.")
    check.equal(path.name, "the number of entries", len({row["entry"] for row in rows}), check.expected["entries"])
    check.equal(path.name, "the number of lines", len(rows), check.expected["lines"])
    check.balances(path.name, balances)
    check.equal(path.name, "the sum of the debits", debits, Decimal(check.expected["debits"]))


def check_list(check, path, wanted):
    with path.open(encoding="utf-8", newline="") as file:
        columns, *rows = csv.reader(file, strict=True)
    check.equal(path.name, "the names of the columns", columns, wanted["columns"])
    check.equal(path.name, "the number of rows", len(rows), wanted["rows"])
    check.equal(path.name, "the number of cells of a row", {len(row) for row in rows}, {len(columns)})
    cells = [(name, cell) for row in rows for name, cell in zip(columns, row)]
    # A formula gets an apostrophe and is the same text otherwise.
    check.equal(path.name, "the hard text being in it", any(cell == "'" + wanted["text"] for _, cell in cells), True)
    for name, cell in cells:
        if cell.startswith(FORMULA_STARTS) and not re.fullmatch(r"-[0-9]+(\.[0-9]+)?", cell):
            check.faults.append(f"{path.name}: the cell {cell!r} in {name} would run as a formula.")
        if re.search("(^|_)(at|on|date)$", name) and cell:
            datetime.fromisoformat(cell)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    check = Check(json.loads((folder / "expected.json").read_text(encoding="utf-8")))
    files = sorted(folder.glob("*FEC*.txt")) + [folder / "fec_iso8859_15.txt"]
    check_datev(check, folder / "EXTF_Buchungsstapel.csv")
    check_datev(check, folder / "EXTF_Buchungsstapel_keys.csv", TAX_AND_EXPENSE)
    check_sie(check, folder / "journal.se")
    for file in files:
        check_fec(check, file)
    check_csv(check, folder / "journal.csv")
    lists = json.loads((folder / "lists.json").read_text(encoding="utf-8"))
    for name, wanted in lists.items():
        check_list(check, folder / name, wanted)
    for fault in check.faults:
        print(fault)
    print(f"{4 + len(files)} journal files and {len(lists)} lists read by other implementations, {len(check.faults)} faults")
    sys.exit(1 if check.faults else 0)


if __name__ == "__main__":
    main()
