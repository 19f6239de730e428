### Was die Nachrichten auf Deutsch sagen. Förmlich (Sie); „Abrechnung“ ist die Kurzform von „Spesenabrechnung“.

## Jede Nachricht

greeting = Guten Tag,
greeting-name = Guten Tag { $name },
footer = Von Outlay gesendet an { $address }. Diese Nachricht wurde automatisch erstellt.
colon = :
nobody = Ein ehemaliges Mitglied
moment = { $moment } UTC

## Beschriftungen

label-report = Spesenabrechnung
label-total = Gesamtbetrag
label-number = Nummer
label-owner = Spesen von
label-expenses = Ausgaben
label-step = Schritt
label-due = Fällig am
label-for = Sie entscheiden für
label-why = Warum
label-because = Grund der Neuzuweisung
label-asked = Jetzt gefragt
label-amount = Betrag
label-paid-on = Bezahlt am
label-member = Mitglied
label-address = Adresse
label-changed = Geändert
label-organisation = Organisation
label-inviter = Eingeladen von
label-role = Ihre Rolle

## Eine Spesenabrechnung

base-total = { $amount } in der Basiswährung
not-reimbursed = davon { $amount } nicht erstattet
violations-heading = { $count ->
    [one] { $count } Verstoß gegen die Richtlinie
   *[other] { $count } Verstöße gegen die Richtlinie
}
violations-more = Und { $count } weitere; alle stehen in Outlay.
lines-heading = { $count ->
    [one] { $count } Ausgabe
   *[other] { $count } Ausgaben
}
lines-heading-some = { $count ->
    [one] { $shown } von { $count } Ausgabe
   *[other] { $shown } von { $count } Ausgaben
}
granted = bewilligt { $amount }

## Wer entschieden hat

by-instead = { $name } (in Vertretung von { $away })
by-policy = Die Richtlinie für Abrechnungen unter { $below }

## Genehmigung

approval-subject = Bitte genehmigen: { $title }, { $total } ({ $owner })
approval-label = Genehmigung nötig
approval-headline = { $owner } bittet um Ihre Genehmigung
approval-preheader = { $summary }, fällig am { $due }
approval-intro = Bitte genehmigen Sie die Spesenabrechnung { $number } in Outlay, geben Sie sie zurück oder lehnen Sie sie ab.
approval-intro-due = Bitte genehmigen Sie die Spesenabrechnung { $number } in Outlay bis zum { $due }, geben Sie sie zurück oder lehnen Sie sie ab.
away = { $name } (abwesend)

escalated-headline = Eine Spesenabrechnung von { $owner } liegt jetzt bei Ihnen
escalated-overdue = { $count ->
    [0] Es wurde nicht rechtzeitig entschieden.
    [one] { $names } hat nicht rechtzeitig entschieden.
   *[other] { $names } haben nicht rechtzeitig entschieden.
}
escalated-unreachable = { $count ->
    [0] E-Mails an die Genehmigenden kommen zurück.
   *[other] E-Mails an { $names } kommen zurück.
}

passed-subject = Weitergegeben: { $title }, { $total }
passed-label = Weitergegeben
passed-headline = Eine Spesenabrechnung wartet nicht mehr auf Sie
passed-overdue = Es wurde nicht rechtzeitig entschieden; deshalb werden andere gefragt. Sie brauchen nichts zu tun.
passed-unreachable = E-Mails an Ihre Adresse kommen zurück; deshalb werden andere gefragt. Für diese Abrechnung brauchen Sie nichts zu tun; bitten Sie aber Ihre Administration, sich um Ihre Adresse zu kümmern.

## Entscheidungen

approved-subject = Genehmigt: { $title }, { $total }
approved-label = Genehmigt
approved-headline = Ihre Spesenabrechnung ist genehmigt
approved-intro = { $by } hat sie genehmigt. Sie brauchen nichts zu tun.
approved-policy = Die Richtlinie genehmigt Abrechnungen unter { $below } von selbst. Sie brauchen nichts zu tun.
approved-comment = Kommentar von { $by }

returned-subject = Zurückgegeben: { $title }, { $total }
returned-label = Zurückgegeben
returned-headline = Ihre Spesenabrechnung muss geändert werden
returned-intro = { $by } hat sie an Sie zurückgegeben. Bitte ändern Sie, worum unten gebeten wird, und reichen Sie sie in Outlay erneut ein.

rejected-subject = Abgelehnt: { $title }, { $total }
rejected-label = Abgelehnt
rejected-headline = Ihre Spesenabrechnung wurde abgelehnt
rejected-intro = { $by } hat sie abgelehnt. Das ist endgültig: Sie wird nicht ausgezahlt und kann nicht erneut eingereicht werden.

reason-from = Begründung von { $by }

## Auszahlung

paid-subject = Ausgezahlt: { $title }, { $amount }
paid-label = Ausgezahlt
paid-headline = Ihre Auslagen wurden erstattet
paid-intro = { $amount } wurden Ihnen am { $date } ausgezahlt. Sie brauchen nichts zu tun.

unpaid-subject = Auszahlung fehlgeschlagen: { $title }, { $amount }
unpaid-label = Auszahlung fehlgeschlagen
unpaid-headline = Ihre Auslagen konnten nicht erstattet werden
unpaid-intro = { $amount } konnten Ihnen nicht ausgezahlt werden. Bitte prüfen Sie Ihr Auszahlungskonto in Outlay und informieren Sie Ihre Finanzabteilung.
unpaid-reason = Grund

## Erinnerung

reminder-subject = { $count ->
    [one] { $count } Spesenabrechnung wartet auf Ihre Entscheidung
   *[other] { $count } Spesenabrechnungen warten auf Ihre Entscheidung
}
reminder-label = Erinnerung
reminder-intro = { $count ->
    [one] Bitte genehmigen Sie sie heute in Outlay, geben Sie sie zurück oder lehnen Sie sie ab.
   *[other] Bitte genehmigen Sie sie heute in Outlay, geben Sie sie zurück oder lehnen Sie sie ab.
}
reminder-overdue = { $overdue ->
    [one] { $overdue } ist überfällig.
   *[other] { $overdue } sind überfällig.
}
reminder-heading = { $count ->
    [one] { $count } Spesenabrechnung
   *[other] { $count } Spesenabrechnungen
}
reminder-heading-some = { $count ->
    [one] { $shown } von { $count } Spesenabrechnung
   *[other] { $shown } von { $count } Spesenabrechnungen
}
task-overdue = Überfällig seit dem { $due }
task-due = Fällig am { $due }

## Adressen

bounced-subject = E-Mails an { $name } kommen zurück
bounced-label = Adresse
bounced-intro = An diese Adresse wird nichts mehr gesendet, und anstelle von { $name } werden andere um Entscheidungen gebeten. Sobald dort wieder E-Mails ankommen, entfernen Sie bitte die Markierung an diesem Mitglied in Outlay.
complained-subject = { $name } wünscht keine E-Mails
complained-intro = { $name } hat E-Mails von Outlay als unerwünscht gemeldet. Erinnerungen werden dorthin nicht mehr gesendet. Bitte fragen Sie nach, ob das so gemeint war; wenn nicht, entfernen Sie bitte die Markierung an diesem Mitglied in Outlay.

## Konten

account-subject = Ihr Auszahlungskonto wurde geändert
account-label = Auszahlungskonto
account-preheader = Wenn Sie es nicht waren, informieren Sie Ihre Administration
account-intro = Das Konto, auf das Ihre Auslagen erstattet werden, wurde in Outlay geändert. Wenn Sie das waren, brauchen Sie nichts zu tun. Wenn Sie es nicht waren, informieren Sie bitte sofort Ihre Administration.

invited-subject = Sie sind eingeladen zu { $organisation } auf Outlay
invited-label = Einladung
invited-headline = Sie sind eingeladen zu { $organisation }
invited-preheader = { $inviter } hat Sie zu Outlay eingeladen
invited-intro = { $inviter } hat Sie zu Outlay eingeladen, wo { $organisation } Spesenabrechnungen einreicht, genehmigt und erstattet. Bitte melden Sie sich mit { $address } an, um beizutreten. Wenn Sie diese Einladung nicht erwartet haben, können Sie sie ignorieren.
role-employee = Mitarbeit
role-finance = Finanzen
role-admin = Administration
role-auditor = Revision
