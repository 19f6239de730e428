### Was die Nachrichten auf Deutsch sagen. Förmlich (Sie); „Abrechnung“ ist die Kurzform von „Spesenabrechnung“.

## Jede Nachricht

greeting = Guten Tag,
greeting-name = Guten Tag { $name },
footer = Von Outlay gesendet an { $address }. Diese Nachricht wurde automatisch erstellt.
colon = :
former-member = Ein ehemaliges Mitglied
moment = { $moment } UTC

## Beschriftungen

label-report = Spesenabrechnung
label-total = Gesamtbetrag
label-to-approve = Zu genehmigen
label-reimbursed = Wird erstattet
label-base-total = In der Basiswährung
label-company-card = Mit Firmenkarte bezahlt
label-not-reimbursed = Nicht erstattet
label-repayable = Zurückzuzahlen
label-number = Nummer
label-owner = Spesen von
label-preparer = Erfasst von
label-payee = Auszahlung an
label-expenses = Ausgaben
label-step = Schritt
label-due = Fällig am
label-for = Sie entscheiden für
label-why = Warum
label-because = Grund der Neuzuweisung
label-asked = Jetzt gefragt
label-amount = Betrag
label-paid-on = Bezahlt am
label-set-off = Verrechnet
label-covers = Zusammen für
label-execution-date = Zahlungstag
label-held = Angehalten
label-member = Mitglied
label-address = Adresse
label-changed = Geändert
label-organisation = Organisation
label-inviter = Eingeladen von
label-role = Ihre Rolle
label-changed-by = Geändert von
label-delegator = In Vertretung von
label-delegate = Vertretung
label-first-day = Erster Tag
label-last-day = Letzter Tag
label-ceiling = Bis zu
label-member-role = Rolle
label-manager = Vorgesetzte Person
label-approval-limit = Genehmigungsgrenze

## Eine Spesenabrechnung

line-by-company-card = { $category }, Firmenkarte
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

## Feststellungen nach der Richtlinie

named-expense = { $amount } bei { $merchant }
named-expense-converted = { $amount } ({ $base_amount }) bei { $merchant }
excess-together = { $count ->
    [one] { $count } Ausgabe, { $actual }
   *[other] { $count } Ausgaben, zusammen { $actual }
}
excess-elsewhere = { $actual }, davon { $claimed_elsewhere } aus anderen Abrechnungen
limit-paid-personally = selbst bezahlt
limit-paid-by-company-card = mit Firmenkarte bezahlt
limit-grade = Stufe { $grade }
consequence-justification-needed = Eine Begründung ist nötig.
consequence-excess-not-reimbursed = Was darüber liegt, wird nicht erstattet.

finding-unknown-category = Die Richtlinie enthält die Kategorie { $category } nicht.
finding-inactive-category = Die Kategorie { $category_name } gilt am { $date } nicht.
finding-unknown-cost-centre = Die Richtlinie enthält die Kostenstelle { $cost_centre } nicht.
finding-unknown-project = Die Richtlinie enthält das Projekt { $project } nicht.
finding-required-field = { $expense }: Für die Kategorie { $category_name } fehlt { $field ->
    [attendees] die Angabe der Teilnehmenden
    [project] das Projekt
    [cost_centre] die Kostenstelle
    [trip] die Reise
   *[justification] eine Begründung
}.
finding-expense-limit = { $expenses }: über der Grenze von { $limit } pro Ausgabe{ $scope }.
finding-day-limit = { $expenses }: über der Grenze von { $limit } pro Tag{ $scope }, am { $date }.
finding-month-limit = { $expenses }: über der Grenze von { $limit } pro Monat{ $scope }, im { $month }.
finding-report-limit = { $expenses }: über der Grenze von { $limit } pro Abrechnung{ $scope }.
finding-trip-limit = { $expenses }: über der Grenze von { $limit } pro Reise{ $scope }, auf der Reise { $trip }.
finding-splitting = { $count } Ausgaben bei { $merchant } am { $date }, zusammen { $actual }: über der Grenze von { $limit } pro Ausgabe{ $scope }.
finding-splitting-without-receipt = { $count } Ausgaben bei { $merchant } am { $date }, zusammen { $actual }: kein Beleg; ab { $receipt_required_from } ist einer nötig.
finding-splitting-over-reports = { $count } Ausgaben bei { $merchant } am { $date }, zusammen { $actual }, einige davon in { $claimed_in }: Mit ihnen beträgt die Abrechnung { $total_with_parts } und wird so genehmigt.
finding-receipt-required = { $expense }: kein Beleg; ab { $receipt_required_from } ist einer nötig.
finding-maximum-age = { $expense }: { $days ->
    [one] { $days } Tag
   *[other] { $days } Tage
} alt; die Richtlinie erlaubt { $maximum_days }.
finding-non-working-day = { $expense } am { $date }: { $day ->
    [holiday] ein Feiertag
   *[weekend] ein Wochenende
}.
finding-duplicate = { $expense } am { $date }: in dieser Abrechnung { $count }-mal geltend gemacht.
finding-duplicate-elsewhere = { $expense } am { $date }: bereits in { $claimed_in } geltend gemacht.
finding-receipt-pending = { $expense }: Der Beleg { $receipt }{ $more ->
    [0] {""}
   *[other] {" "}(und { $more } weitere)
} ist noch nicht hochgeladen oder geprüft.
finding-receipt-refused = { $expense }: Der Beleg { $receipt }{ $more ->
    [0] {""}
   *[other] {" "}(und { $more } weitere)
} wurde abgelehnt. { $reason ->
    [empty] Die Datei ist leer.
    [other_size] Die Datei hat eine andere Größe als angegeben.
    [other_bytes] Die Datei ist nicht die, deren SHA-256 angegeben wurde.
    [unknown_type] Die Datei ist weder PDF noch JPEG, PNG, HEIC oder WebP.
    [other_type] Die Datei hat einen anderen Typ als angegeben.
    [damaged] Die Datei ist beschädigt oder unvollständig. Bitte neu speichern, scannen oder fotografieren.
    [too_large] Die Datei hat zu viele Bildpunkte, Seiten oder Teile. Bitte neu als PDF drucken oder fotografieren.
    [active] Die Datei enthält ein Skript, ein Programm oder eine andere Datei. Bitte neu als PDF drucken.
    [locked] Die Datei lässt sich nicht ohne Kennwort öffnen. Bitte ohne Kennwort neu als PDF drucken.
   *[harmful] Die Datei ist als schädlich bekannt.
}
finding-duplicate-receipt = { $expense }: Der Beleg { $receipt }{ $more ->
    [0] {""}
   *[other] {" "}(und { $more } weitere)
} gehört auch zu einer anderen Abrechnung.
finding-duplicate-receipt-here = { $expense }: Der Beleg { $receipt }{ $more ->
    [0] {""}
   *[other] {" "}(und { $more } weitere)
} gehört auch zu einer anderen Ausgabe dieser Abrechnung.
finding-refund = { $expense }: Die Rückerstattung ist höher als die { $refundable }, die erstattet werden können.
finding-rate-age = { $expense }: umgerechnet zum Kurs vom { $rate_date }, { $days ->
    [one] { $days } Tag
   *[other] { $days } Tage
} davor; die Richtlinie erlaubt { $maximum_days }.

## Gründe eines Schritts

approvers-one = { $approvers ->
    [manager] die vorgesetzte Person
    [manager_of_level] die vorgesetzte Person der Ebene { $level }
    [cost_centre_owner] eine für die Kostenstellen verantwortliche Person
    [project_owner] eine für die Projekte verantwortliche Person
    [finance] ein Mitglied mit der Rolle Finanzen
    [admin] ein Mitglied mit der Rolle Administration
   *[members] ein im Ablauf genanntes Mitglied
}
approvers-many = { $approvers ->
    [manager] die vorgesetzte Person
    [manager_of_level] die vorgesetzte Person der Ebene { $level }
    [cost_centre_owner] die für die Kostenstellen Verantwortlichen
    [project_owner] die für die Projekte Verantwortlichen
    [finance] Mitglieder mit der Rolle Finanzen
    [admin] Mitglieder mit der Rolle Administration
   *[members] die im Ablauf genannten Mitglieder
}
reason-total-reaches = Der Gesamtbetrag von { $total } erreicht { $from_total }.
reason-total-below = Der Gesamtbetrag von { $total } liegt unter { $below_total }.
reason-category = Eine Ausgabe gehört zur Kategorie { $category_name }.
reason-cost-centre = Eine Ausgabe gehört zur Kostenstelle { $cost_centre }.
reason-project = Eine Ausgabe gehört zum Projekt { $project }.
reason-grade = Die Person, deren Spesen es sind, hat die Stufe { $grade }.
reason-currency = Eine Ausgabe wurde in { $currency } bezahlt.
reason-violations-found = Es gibt Verstöße gegen die Richtlinie.
reason-no-violations = Es gibt keine Verstöße gegen die Richtlinie.
reason-every-report = Dieser Schritt gilt für jede Abrechnung.
reason-no-step-applies = Kein Schritt des Ablaufs gilt für diese Abrechnung.
reason-decided-by = Es entscheidet { $approvers }.
reason-decided-by-all = Alle müssen zustimmen: { $approvers }.
reason-decided-by-quorum = { $of } müssen zustimmen: { $approvers }.
reason-assigned-to = Vorgesehen ist { $approvers }.
reason-next-manager = Eine vorgesehene Person { $excluded ->
    [cannot_approve] kann nicht genehmigen
    [separation_of_duties] darf über diese Abrechnung nicht entscheiden (Funktionstrennung)
    [other_step] entscheidet bei einem anderen Schritt
   *[limit] darf nicht über so hohe Beträge entscheiden
}; daher entscheidet die nächsthöhere vorgesetzte Person.
reason-fallback = Sonst darf niemand entscheiden; daher entscheidet die in der Richtlinie festgelegte Vertretung.
reason-other-admins = Jemand, der an dieser Abrechnung beteiligt ist, hat eine vorgesehene Person gesperrt; daher entscheidet die übrige Administration.
reason-reassigned = Die Administration hat den Schritt neu zugewiesen.
reason-escalated-overdue = Der Schritt war überfällig; daher entscheiden andere.
reason-escalated-unreachable = E-Mails an eine vorgesehene Person kommen zurück; daher entscheiden andere.
reason-escalated-unable = Eine vorgesehene Person kann nicht mehr entscheiden; daher entscheiden andere.

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
escalated-unable = { $count ->
    [0] Die Genehmigenden können nicht mehr darüber entscheiden.
    [one] { $names } kann nicht mehr darüber entscheiden.
   *[other] { $names } können nicht mehr darüber entscheiden.
}

passed-subject = Weitergegeben: { $title }, { $total }
passed-label = Weitergegeben
passed-headline = Eine Spesenabrechnung wartet nicht mehr auf Sie
passed-overdue = Es wurde nicht rechtzeitig entschieden; deshalb werden andere gefragt. Sie brauchen nichts zu tun.
passed-unreachable = E-Mails an Ihre Adresse kommen zurück; deshalb werden andere gefragt. Für diese Abrechnung brauchen Sie nichts zu tun; bitten Sie aber Ihre Administration, sich um Ihre Adresse zu kümmern.
passed-unable = Sie können nicht mehr darüber entscheiden; deshalb werden andere gefragt. Sie brauchen nichts zu tun.

## Entscheidungen

approved-subject = Genehmigt: { $title }, { $total }
approved-label = Genehmigt
approved-headline = Ihre Spesenabrechnung ist genehmigt
approved-intro = { $by } hat sie genehmigt. Sie brauchen nichts zu tun.
approved-repay-intro = { $by } hat sie genehmigt, aber nicht alles, was mit der Firmenkarte bezahlt wurde. Bitte zahlen Sie den unten genannten Betrag zurück.
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
paid-other-intro = { $amount } wurden am { $date } an { $payee } ausgezahlt. Sie brauchen nichts zu tun.
payment-reports = { $count } Abrechnungen

set-off-subject = Verrechnet: { $title }, { $amount }
set-off-label = Verrechnet
set-off-headline = Ihre Auslagen wurden verrechnet
set-off-intro = Was Sie zurückbekommen, wurde am { $date } mit dem verrechnet, was Sie zurückzahlen müssen. Es wurde nichts ausgezahlt. Sie brauchen nichts zu tun.

unpaid-subject = Auszahlung fehlgeschlagen: { $title }, { $amount }
unpaid-label = Auszahlung fehlgeschlagen
unpaid-headline = Ihre Auslagen konnten nicht erstattet werden
unpaid-intro = { $amount } konnten Ihnen nicht ausgezahlt werden. Bitte prüfen Sie Ihr Auszahlungskonto in Outlay und informieren Sie Ihre Finanzabteilung.
unpaid-other-intro = { $amount } konnten nicht an { $payee } ausgezahlt werden. Ihre Finanzabteilung weiß davon. Sie brauchen nichts zu tun.
unpaid-reason = Grund

payee-unpaid-subject = Auszahlung fehlgeschlagen: { $name }, { $amount }
payee-unpaid-headline = Eine Auszahlung an { $name } ist fehlgeschlagen
payee-unpaid-intro = { $count ->
    [one] { $count } Abrechnung ist wieder genehmigt und kann mit einem anderen Zahlungslauf bezahlt werden. Bitte klären Sie vorher das Auszahlungskonto.
   *[other] { $count } Abrechnungen sind wieder genehmigt und können mit einem anderen Zahlungslauf bezahlt werden. Bitte klären Sie vorher das Auszahlungskonto.
}

batch-label = Freigabe
batch-headline = { $count ->
    [one] { $count } Zahlung wartet auf die Freigabe
   *[other] { $count } Zahlungen warten auf die Freigabe
}
batch-intro = { $count ->
    [one] { $by } hat einen Zahlungslauf mit { $count } Abrechnung angelegt. Bitte prüfen Sie ihn in Outlay und geben Sie ihn frei.
   *[other] { $by } hat einen Zahlungslauf mit { $count } Abrechnungen angelegt. Bitte prüfen Sie ihn in Outlay und geben Sie ihn frei.
}
batch-held = { $count ->
    [one] { $count } Zahlung, weil sich das Konto geändert hat. Bitte prüfen Sie das Konto vor der Freigabe.
   *[other] { $count } Zahlungen, weil sich die Konten geändert haben. Bitte prüfen Sie die Konten vor der Freigabe.
}

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

## Comments

commented-subject = Kommentar: { $title } ({ $author })
commented-label = Kommentar
commented-headline = { $count ->
    [one] Ein neuer Kommentar zu einer Spesenabrechnung
   *[other] { $count } neue Kommentare zu einer Spesenabrechnung
}
commented-intro = Sie können in Outlay mit einem Kommentar zur Abrechnung antworten.
commented-heading = Kommentar von { $by }
commented-heading-some = Kommentare

## Closing

label-closed-by = Geschlossen von
closed-subject = { $organisation } wurde auf Outlay geschlossen
closed-label = Geschlossen
closed-intro = { $by } hat die Organisation geschlossen. Abrechnungen, Belege und Verlauf bleiben lesbar; ändern lässt sich nichts mehr.

## Abrechnungen im Namen eines anderen Mitglieds

prepared-subject = In Ihrem Namen: { $title }, { $total }
prepared-label = In Ihrem Namen
prepared-headline = { $by } hat in Ihrem Namen eine Spesenabrechnung erfasst
prepared-intro = Sie führt Ausgaben als Ihre auf. Wenn es nicht Ihre sind, löschen Sie die Abrechnung in Outlay und informieren Sie Ihre Administration.
prepared-headline-submitted = { $by } hat in Ihrem Namen eine Spesenabrechnung eingereicht
prepared-intro-submitted = Sie macht Ausgaben als Ihre geltend und liegt jetzt bei den Genehmigenden. Wenn es nicht Ihre sind, ziehen Sie die Abrechnung in Outlay zurück und informieren Sie Ihre Administration.

## Vertretung

delegation-label = Vertretung
delegation-subject = Sie entscheiden für { $name }
delegation-intro = Sie können vom { $from } bis zum { $until } in Outlay in Vertretung von { $name } über Spesenabrechnungen entscheiden. Wenn Sie das nicht möchten, beenden Sie die Vertretung in Outlay.
delegated-subject = { $name } entscheidet für Sie
delegated-intro = { $name } kann vom { $from } bis zum { $until } in Outlay an Ihrer Stelle über Spesenabrechnungen entscheiden. Sie können weiterhin selbst entscheiden. Wenn Sie das nicht möchten, beenden Sie die Vertretung in Outlay.
delegation-ended-subject = Sie entscheiden nicht mehr für { $name }
delegation-ended-intro = Die Vertretung ist beendet. Sie brauchen nichts zu tun.
delegated-ended-subject = { $name } entscheidet nicht mehr für Sie
delegated-ended-intro = Die Vertretung ist beendet. Was auf Sie wartet, wartet auf Ihre eigene Entscheidung.

## Mitglieder, für die Administration

authority-label = Mitglieder
authority-subject = Rolle, vorgesetzte Person oder Grenze geändert: { $name }
authority-new-subject = Neues Mitglied mit weiteren Rechten: { $name }
authority-intro = { $by } hat geändert, wer über Spesenabrechnungen entscheidet. Bitte prüfen Sie das, wenn Sie es nicht erwartet haben.
authority-new-intro = { $by } hat ein Mitglied mit den Rechten dieser Rolle aufgenommen. Bitte prüfen Sie das, wenn Sie es nicht erwartet haben.
changed-value = { $old } → { $new }
no-value = keine
no-limit = unbegrenzt
