### Ce que disent les messages en français. Vouvoiement ; « note » est la forme courte de « note de frais ».

## Tous les messages

greeting = Bonjour,
greeting-name = Bonjour { $name },
footer = Envoyé par Outlay à { $address }. Ce message a été rédigé automatiquement.
# Une espace insécable précède le deux-points.
colon = {"\u00A0"}:
nobody = Un ancien membre
moment = { $moment } UTC

## Intitulés

label-report = Note de frais
label-total = Total
label-number = Numéro
label-owner = Frais de
label-expenses = Dépenses
label-step = Étape
label-due = Échéance
label-for = Vous décidez pour
label-why = Pourquoi
label-because = Motif de la réattribution
label-asked = Décide désormais
label-amount = Montant
label-paid-on = Payé le
label-member = Membre
label-address = Adresse
label-changed = Modifié
label-organisation = Organisation
label-inviter = Invitation de
label-role = Votre rôle

## Une note de frais

base-total = { $amount } dans la devise de base
not-reimbursed = dont { $amount } non remboursés
violations-heading = { $count ->
    [one] { $count } écart à la politique de frais
   *[other] { $count } écarts à la politique de frais
}
violations-more = Et { $count } de plus ; tous figurent dans Outlay.
lines-heading = { $count ->
    [one] { $count } dépense
   *[other] { $count } dépenses
}
lines-heading-some = { $count ->
    [one] { $shown } dépense sur { $count }
   *[other] { $shown } dépenses sur { $count }
}
granted = accordé { $amount }

## Qui a décidé

by-instead = { $name } (en remplacement de { $away })
by-policy = La politique relative aux notes de moins de { $below }

## Approbation

approval-subject = À approuver : { $title }, { $total } ({ $owner })
approval-label = Approbation demandée
approval-headline = { $owner } demande votre approbation
approval-preheader = { $summary }, à traiter au plus tard le { $due }
approval-intro = Veuillez approuver, renvoyer ou refuser la note de frais { $number } dans Outlay.
approval-intro-due = Veuillez approuver, renvoyer ou refuser la note de frais { $number } dans Outlay au plus tard le { $due }.
away = { $name }, en son absence

escalated-headline = Une note de frais de { $owner } vous est transmise
escalated-overdue = { $count ->
    [0] La décision n’a pas été prise à temps.
    [one] { $names } n’a pas décidé à temps.
   *[other] { $names } n’ont pas décidé à temps.
}
escalated-unreachable = { $count ->
    [0] Les messages envoyés aux approbateurs reviennent.
   *[other] Les messages envoyés à { $names } reviennent.
}

passed-subject = Transmise : { $title }, { $total }
passed-label = Transmise
passed-headline = Une note de frais n’attend plus votre décision
passed-overdue = La décision n’a pas été prise à temps ; elle est donc demandée à d’autres. Vous n’avez rien à faire.
passed-unreachable = Les messages envoyés à votre adresse reviennent ; la décision est donc demandée à d’autres. Vous n’avez rien à faire pour cette note ; veuillez toutefois signaler le problème d’adresse à votre administrateur.

## Décisions

approved-subject = Approuvée : { $title }, { $total }
approved-label = Approuvée
approved-headline = Votre note de frais est approuvée
approved-intro = { $by } l’a approuvée. Vous n’avez rien à faire.
approved-policy = La politique approuve d’elle-même les notes de moins de { $below }. Vous n’avez rien à faire.
approved-comment = Commentaire de { $by }

returned-subject = Renvoyée : { $title }, { $total }
returned-label = Renvoyée
returned-headline = Votre note de frais est à corriger
returned-intro = { $by } vous l’a renvoyée. Veuillez corriger ce qui est demandé ci-dessous et la soumettre de nouveau dans Outlay.

rejected-subject = Refusée : { $title }, { $total }
rejected-label = Refusée
rejected-headline = Votre note de frais a été refusée
rejected-intro = { $by } l’a refusée. Cette décision est définitive : la note ne sera pas remboursée et ne peut pas être soumise de nouveau.

reason-from = Motif donné par { $by }

## Paiement

paid-subject = Payée : { $title }, { $amount }
paid-label = Payée
paid-headline = Vos frais ont été remboursés
paid-intro = La somme de { $amount } vous a été versée le { $date }. Vous n’avez rien à faire.

unpaid-subject = Échec du paiement : { $title }, { $amount }
unpaid-label = Échec du paiement
unpaid-headline = Vos frais n’ont pas pu être remboursés
unpaid-intro = La somme de { $amount } n’a pas pu vous être versée. Veuillez vérifier votre compte de remboursement dans Outlay et prévenir votre service financier.
unpaid-reason = Motif

## Rappel

reminder-subject = { $count ->
    [one] { $count } note de frais attend votre décision
   *[other] { $count } notes de frais attendent votre décision
}
reminder-label = Rappel
reminder-intro = { $count ->
    [one] Veuillez l’approuver, la renvoyer ou la refuser aujourd’hui dans Outlay.
   *[other] Veuillez les approuver, les renvoyer ou les refuser aujourd’hui dans Outlay.
}
reminder-overdue = { $overdue ->
    [one] { $overdue } est en retard.
   *[other] { $overdue } sont en retard.
}
reminder-heading = { $count ->
    [one] { $count } note de frais
   *[other] { $count } notes de frais
}
reminder-heading-some = { $count ->
    [one] { $shown } note de frais sur { $count }
   *[other] { $shown } notes de frais sur { $count }
}
task-overdue = En retard depuis le { $due }
task-due = Échéance : { $due }

## Adresses

bounced-subject = Les messages envoyés à { $name } reviennent
bounced-label = Adresse
bounced-intro = Plus rien n’est envoyé à cette adresse, et les décisions attendues de { $name } sont demandées à d’autres. Dès que les messages y arrivent de nouveau, veuillez retirer la marque de ce membre dans Outlay.
complained-subject = { $name } ne souhaite pas de messages
complained-intro = { $name } a signalé les messages d’Outlay comme indésirables. Aucun rappel n’y est plus envoyé. Veuillez demander si c’était voulu ; sinon, retirez la marque de ce membre dans Outlay.

## Comptes

account-subject = Votre compte de remboursement a été modifié
account-label = Compte de remboursement
account-preheader = Si ce n’était pas vous, prévenez votre administrateur
account-intro = Le compte sur lequel vos frais sont remboursés a été modifié dans Outlay. Si c’était vous, vous n’avez rien à faire. Sinon, prévenez immédiatement votre administrateur.

invited-subject = Invitation à rejoindre { $organisation } sur Outlay
invited-label = Invitation
invited-headline = Vous êtes invité(e) à rejoindre { $organisation }
invited-preheader = { $inviter } vous invite sur Outlay
invited-intro = { $inviter } vous invite sur Outlay, où { $organisation } présente, approuve et rembourse les notes de frais. Pour y accéder, veuillez vous connecter avec { $address }. Si vous n’attendiez pas cette invitation, vous pouvez l’ignorer.
role-employee = collaborateur
role-finance = finances
role-admin = administrateur
role-auditor = auditeur
