### Messages of the PDF in German. See en.ftl.

## Jede Seite

pdf-report = Spesenabrechnung
pdf-page = Seite { $page } von { $pages }
pdf-state-at = Stand { $moment }

## Übersicht

pdf-summary = Übersicht
pdf-owner = Spesen von
pdf-preparer = Erfasst von
pdf-payee = Auszahlung an
pdf-period = Zeitraum
pdf-range = { $from } – { $until }
pdf-trips = { $count ->
    [one] Reise
   *[other] Reisen
}
pdf-cost-centre = Kostenstelle
pdf-submitted = Eingereicht
pdf-policy = Richtlinie
pdf-policy-version = Version { $version }
pdf-identifier = Kennung
pdf-status = Status
pdf-status-value = { $status ->
    [draft] Entwurf
    [submitted] Eingereicht
    [approved] Genehmigt
    [returned] Zurückgegeben
   *[rejected] Abgelehnt
}
pdf-total = Gesamtbetrag
pdf-net = Netto
pdf-tax = Steuer
pdf-granted = Anerkannt
pdf-to-reimburse = Wird erstattet
pdf-paid-by-owner = Selbst bezahlt
pdf-paid-by-card = Mit Firmenkarte bezahlt
pdf-not-reimbursed = Nicht erstattet
pdf-repayable = Zurückzuzahlen
pdf-base-total = In der Basiswährung

## Zeilen

pdf-lines = Ausgaben
pdf-column-line = Nr.
pdf-column-date = Datum
pdf-column-merchant = Händler
pdf-column-amount = Bezahlt
pdf-column-converted = In { $currency }
pdf-column-tax = Enthaltene Steuer
pdf-column-receipt = Beleg
pdf-rate = zu { $rate }
pdf-percent = { $rate } %
pdf-mark-personal = erstattungsfähig
pdf-mark-card = Firmenkarte
pdf-cost-centre-value = Kostenstelle { $name }
pdf-project-value = Projekt { $name }
pdf-trip-value = Reise { $name }
pdf-purpose = Zweck: { $text }
pdf-justification = Begründung: { $text }
pdf-attendees = Teilnehmende: { $names }
pdf-receipt-reference = Beleg liegt bei: { $text }
pdf-granted-by-approver = Anerkannt: { $granted } von { $amount }, durch { $name }: { $reason }
pdf-granted-by-cap = Anerkannt: { $granted } von { $amount }, durch eine Grenze der Richtlinie
pdf-finding = Hinweis: { $text }
pdf-no-lines = Die Abrechnung hat keine Ausgaben.

## Hinweise

pdf-findings = Hinweise der Richtlinie
pdf-no-findings = Die Prüfung nach der Richtlinie ergab keine Hinweise.
pdf-on-lines = { $count ->
    [one] Ausgabe { $lines }
   *[other] Ausgaben { $lines }
}

## Entscheidungen

pdf-decisions = Entscheidungen
pdf-no-decisions = Es gibt noch keine Entscheidungen.
pdf-column-when = Zeit (UTC)
pdf-column-who = Wer
pdf-column-what = Was
pdf-column-comment = Kommentar
pdf-automatic = Outlay
pdf-on-behalf = für { $name }
pdf-at-step = { $step }. { $name }
pdf-event-submitted = Eingereicht
pdf-event-auto-approved = Automatisch genehmigt, unter { $below }
pdf-event-agreed = Zugestimmt
pdf-event-step-approved = Schritt genehmigt
pdf-event-approved = Abrechnung genehmigt
pdf-event-returned = Zurückgegeben
pdf-event-rejected = Abgelehnt
pdf-event-recalled = Zurückgezogen
pdf-event-reassigned = Neu zugewiesen: { $from } an { $to }
pdf-event-escalated = { $reason ->
    [overdue] Eskaliert, überfällig: { $from } an { $to }
    [unreachable] Eskaliert, E-Mail unzustellbar: { $from } an { $to }
   *[unable] Eskaliert, kann nicht entscheiden: { $from } an { $to }
}
pdf-event-commented = Kommentiert
pdf-event-pending = Entscheidung steht aus
pdf-event-waiting = Wartet auf den Schritt davor
pdf-open = offen

## Belege

pdf-file-page = Seite { $page } von { $pages }
pdf-bytes = { $bytes } Byte
pdf-attachment = Anhang
pdf-attached-heic = Bilder im Format HEIC lassen sich hier nicht anzeigen. Die Datei ist an dieses PDF angehängt.
pdf-attached-picture = Das Bild lässt sich nicht anzeigen. Die Datei ist an dieses PDF angehängt.
pdf-attached-pdf = Die Seiten dieses PDFs lassen sich nicht anzeigen. Die Datei ist an dieses PDF angehängt.
pdf-attached-too = Formularfelder oder Anmerkungen dieses PDFs sind nicht dargestellt. Die Datei ist an dieses PDF angehängt.
pdf-missing-pending = Die Datei wurde noch nicht hochgeladen oder geprüft.
pdf-missing-refused = Die Datei wurde bei der Prüfung abgelehnt und gelöscht.
pdf-missing-gone = Die Datei wurde nicht gefunden.
