### Messages of the PDF in French. See en.ftl.

## Chaque page

pdf-report = Note de frais
pdf-page = Page { $page } sur { $pages }
pdf-state-at = État au { $moment }

## Résumé

pdf-summary = Résumé
pdf-owner = Frais de
pdf-preparer = Saisie par
pdf-payee = Versement à
pdf-period = Période
pdf-range = { $from } – { $until }
pdf-trips = { $count ->
    [one] Voyage
   *[other] Voyages
}
pdf-cost-centre = Centre de coûts
pdf-submitted = Envoyée
pdf-policy = Politique
pdf-policy-version = Version { $version }
pdf-identifier = Identifiant
pdf-status = Statut
pdf-status-value = { $status ->
    [draft] Brouillon
    [submitted] Envoyée
    [approved] Approuvée
    [returned] Renvoyée
   *[rejected] Rejetée
}
pdf-total = Total
pdf-net = Hors taxes
pdf-tax = Taxes
pdf-granted = Accordé
pdf-to-reimburse = À rembourser
pdf-paid-by-owner = Payé personnellement
pdf-paid-by-card = Payé par carte d’entreprise
pdf-not-reimbursed = Non remboursé
pdf-repayable = À reverser
pdf-base-total = En devise de base

## Lignes

pdf-lines = Dépenses
pdf-column-line = N°
pdf-column-date = Date
pdf-column-merchant = Commerçant
pdf-column-amount = Montant payé
pdf-column-converted = En { $currency }
pdf-column-tax = Taxes incluses
pdf-column-receipt = Reçu
pdf-rate = à { $rate }
pdf-percent = { $rate } %
pdf-mark-personal = remboursable
pdf-mark-card = carte d’entreprise
pdf-cost-centre-value = Centre de coûts { $name }
pdf-project-value = Projet { $name }
pdf-trip-value = Voyage { $name }
pdf-purpose = Objet : { $text }
pdf-justification = Justification : { $text }
pdf-attendees = Participants : { $names }
pdf-receipt-reference = Reçu conservé : { $text }
pdf-granted-by-approver = Accordé : { $granted } sur { $amount }, par { $name } : { $reason }
pdf-granted-by-cap = Accordé : { $granted } sur { $amount }, selon un plafond de la politique
pdf-finding = Constat : { $text }
pdf-no-lines = La note n’a pas de dépenses.

## Constats

pdf-findings = Constats de la politique
pdf-no-findings = Le contrôle de la politique n’a rien relevé.
pdf-on-lines = { $count ->
    [one] Dépense { $lines }
   *[other] Dépenses { $lines }
}

## Décisions

pdf-decisions = Décisions
pdf-no-decisions = Il n’y a pas encore de décisions.
pdf-column-when = Heure (UTC)
pdf-column-who = Qui
pdf-column-what = Quoi
pdf-column-comment = Commentaire
pdf-automatic = Outlay
pdf-on-behalf = pour { $name }
pdf-at-step = { $step }. { $name }
pdf-event-submitted = Envoyée
pdf-event-auto-approved = Approuvée automatiquement, moins de { $below }
pdf-event-agreed = Accord donné
pdf-event-step-approved = Étape approuvée
pdf-event-approved = Note approuvée
pdf-event-returned = Renvoyée
pdf-event-rejected = Rejetée
pdf-event-recalled = Reprise
pdf-event-reassigned = Réattribuée : de { $from } à { $to }
pdf-event-escalated = { $reason ->
    [overdue] Transmise, en retard : de { $from } à { $to }
    [unreachable] Transmise, courriel rejeté : de { $from } à { $to }
   *[unable] Transmise, décision impossible : de { $from } à { $to }
}
pdf-event-commented = Commentaire
pdf-event-pending = Décision en attente
pdf-event-waiting = Attend l’étape précédente
pdf-open = en cours

## Reçus

pdf-file-page = page { $page } sur { $pages }
pdf-bytes = { $bytes } octets
pdf-attachment = Pièce jointe
pdf-attached-heic = Les images HEIC ne peuvent pas être affichées ici. Le fichier est joint à ce PDF.
pdf-attached-picture = L’image ne peut pas être affichée. Le fichier est joint à ce PDF.
pdf-attached-pdf = Les pages de ce PDF ne peuvent pas être affichées. Le fichier est joint à ce PDF.
pdf-attached-too = Des champs de formulaire ou des annotations de ce PDF ne sont pas affichés. Le fichier est joint à ce PDF.
pdf-missing-pending = Le fichier n’a pas encore été envoyé ou contrôlé.
pdf-missing-refused = Le fichier a été refusé lors du contrôle et supprimé.
pdf-missing-gone = Le fichier est introuvable.
