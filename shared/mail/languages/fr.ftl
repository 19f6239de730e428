### Ce que disent les messages en français. Vouvoiement ; « note » est la forme courte de « note de frais ».

## Tous les messages

greeting = Bonjour,
greeting-name = Bonjour { $name },
footer = Envoyé par Outlay à { $address }. Ce message a été rédigé automatiquement.
# Une espace insécable précède le deux-points.
colon = {"\u00A0"}:
former-member = Un ancien membre
moment = { $moment } UTC

## Intitulés

label-report = Note de frais
label-total = Total
label-to-approve = À approuver
label-reimbursed = À rembourser
label-base-total = En devise de base
label-company-card = Payé par carte de l’entreprise
label-not-reimbursed = Non remboursé
label-repayable = À restituer
label-number = Numéro
label-owner = Frais de
label-preparer = Saisie par
label-payee = Payée à
label-expenses = Dépenses
label-step = Étape
label-due = Échéance
label-for = Vous décidez pour
label-why = Pourquoi
label-because = Motif de la réattribution
label-asked = Décide désormais
label-amount = Montant
label-paid-on = Payé le
label-set-off = Compensé
label-covers = Ensemble pour
label-execution-date = Date de paiement
label-held = En attente
label-member = Membre
label-address = Adresse
label-changed = Modifié
label-organisation = Organisation
label-inviter = Invitation de
label-role = Votre rôle
label-changed-by = Modifié par
label-delegator = En remplacement de
label-delegate = Remplacement par
label-first-day = Premier jour
label-last-day = Dernier jour
label-ceiling = Jusqu’à
label-member-role = Rôle
label-manager = Responsable
label-approval-limit = Plafond d’approbation

## Une note de frais

line-by-company-card = { $category }, carte de l’entreprise
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

## Écarts à la politique de frais

named-expense = { $amount } chez { $merchant }
named-expense-converted = { $amount } ({ $base_amount }) chez { $merchant }
excess-together = { $count ->
    [one] { $count } dépense, { $actual }
   *[other] { $count } dépenses, au total { $actual }
}
excess-elsewhere = { $actual }, dont { $claimed_elsewhere } dans d’autres notes
limit-paid-personally = payé à titre personnel
limit-paid-by-company-card = payé par carte d’entreprise
limit-grade = niveau { $grade }
consequence-justification-needed = Une justification est nécessaire.
consequence-excess-not-reimbursed = Le dépassement n’est pas remboursé.

finding-unknown-category = La politique ne contient pas la catégorie { $category }.
finding-inactive-category = La catégorie { $category_name } n’est pas en vigueur le { $date }.
finding-unknown-cost-centre = La politique ne contient pas le centre de coûts { $cost_centre }.
finding-unknown-project = La politique ne contient pas le projet { $project }.
finding-required-field = { $expense } : pour la catégorie { $category_name }, il manque { $field ->
    [attendees] les participants
    [project] le projet
    [cost_centre] le centre de coûts
    [trip] le voyage
   *[justification] une justification
}.
finding-expense-limit = { $expenses } : au-dessus de la limite de { $limit } par dépense{ $scope }.
finding-day-limit = { $expenses } : au-dessus de la limite de { $limit } par jour{ $scope }, le { $date }.
finding-month-limit = { $expenses } : au-dessus de la limite de { $limit } par mois{ $scope }, en { $month }.
finding-report-limit = { $expenses } : au-dessus de la limite de { $limit } par note{ $scope }.
finding-trip-limit = { $expenses } : au-dessus de la limite de { $limit } par voyage{ $scope }, pour le voyage { $trip }.
finding-splitting = { $count } dépenses chez { $merchant } le { $date }, au total { $actual } : au-dessus de la limite de { $limit } par dépense{ $scope }.
finding-splitting-without-receipt = { $count } dépenses chez { $merchant } le { $date }, au total { $actual } : sans justificatif ; il en faut un à partir de { $receipt_required_from }.
finding-splitting-over-reports = { $count } dépenses chez { $merchant } le { $date }, au total { $actual }, dont certaines dans { $claimed_in } : avec elles, la note s’élève à { $total_with_parts } et s’approuve à ce montant.
finding-receipt-required = { $expense } : sans justificatif ; il en faut un à partir de { $receipt_required_from }.
finding-maximum-age = { $expense } : date de { $days ->
    [one] { $days } jour
   *[other] { $days } jours
} ; la politique en autorise { $maximum_days }.
finding-non-working-day = { $expense } le { $date } : { $day ->
    [holiday] un jour férié
   *[weekend] un week-end
}.
finding-duplicate = { $expense } le { $date } : figure { $count } fois dans cette note.
finding-duplicate-elsewhere = { $expense } le { $date } : figure déjà dans { $claimed_in }.
finding-receipt-pending = { $expense } : le justificatif { $receipt }{ $more ->
    [0] {""}
   *[other] {" "}(et { $more } de plus)
} n’est pas encore envoyé ou vérifié.
finding-receipt-refused = { $expense } : le justificatif { $receipt }{ $more ->
    [0] {""}
   *[other] {" "}(et { $more } de plus)
} a été refusé. { $reason ->
    [empty] Le fichier est vide.
    [other_size] La taille du fichier n’est pas celle qui a été déclarée.
    [other_bytes] Le fichier n’est pas celui dont le SHA-256 a été déclaré.
    [unknown_type] Le fichier n’est ni PDF, ni JPEG, PNG, HEIC ou WebP.
    [other_type] Le type du fichier n’est pas celui qui a été déclaré.
    [damaged] Le fichier est endommagé ou incomplet. Enregistrez-le, numérisez-le ou photographiez-le de nouveau.
    [too_large] Le fichier a trop de pixels, de pages ou d’éléments. Imprimez-le dans un nouveau PDF ou photographiez-le.
    [active] Le fichier contient un script, un programme ou un autre fichier. Imprimez-le dans un nouveau PDF.
    [locked] Le fichier ne s’ouvre pas sans mot de passe. Imprimez-le dans un nouveau PDF sans mot de passe.
   *[harmful] Le fichier est connu comme dangereux.
}
finding-duplicate-receipt = { $expense } : le justificatif { $receipt }{ $more ->
    [0] {""}
   *[other] {" "}(et { $more } de plus)
} figure aussi dans une autre note.
finding-duplicate-receipt-here = { $expense } : le justificatif { $receipt }{ $more ->
    [0] {""}
   *[other] {" "}(et { $more } de plus)
} figure aussi dans une autre dépense de cette note.
finding-refund = { $expense } : le remboursement dépasse les { $refundable } remboursables.
finding-rate-age = { $expense } : converti au taux du { $rate_date }, { $days ->
    [one] { $days } jour
   *[other] { $days } jours
} avant ; la politique autorise { $maximum_days }.

## Raisons d’une étape

approvers-one = { $approvers ->
    [manager] le responsable hiérarchique
    [manager_of_level] le responsable hiérarchique de niveau { $level }
    [cost_centre_owner] un responsable de ses centres de coûts
    [project_owner] un responsable de ses projets
    [finance] un membre ayant le rôle « finances »
    [admin] un membre ayant le rôle « administrateur »
   *[members] un membre désigné par le circuit d’approbation
}
approvers-many = { $approvers ->
    [manager] le responsable hiérarchique
    [manager_of_level] le responsable hiérarchique de niveau { $level }
    [cost_centre_owner] les responsables de ses centres de coûts
    [project_owner] les responsables de ses projets
    [finance] les membres ayant le rôle « finances »
    [admin] les membres ayant le rôle « administrateur »
   *[members] les membres désignés par le circuit d’approbation
}
reason-total-reaches = Le total de { $total } atteint { $from_total }.
reason-total-below = Le total de { $total } est inférieur à { $below_total }.
reason-category = Une dépense relève de la catégorie { $category_name }.
reason-cost-centre = Une dépense relève du centre de coûts { $cost_centre }.
reason-project = Une dépense relève du projet { $project }.
reason-grade = Le titulaire de la note a le niveau { $grade }.
reason-currency = Une dépense a été payée en { $currency }.
reason-violations-found = La note comporte des écarts à la politique de frais.
reason-no-violations = La note ne comporte aucun écart à la politique de frais.
reason-every-report = Cette étape s’applique à toutes les notes.
reason-no-step-applies = Aucune étape du circuit d’approbation ne s’applique à cette note.
reason-decided-by = La décision est prise par { $approvers }.
reason-decided-by-all = L’accord de tous est nécessaire : { $approvers }.
reason-decided-by-quorum = L’accord de { $of } d’entre eux est nécessaire : { $approvers }.
reason-assigned-to = L’étape est prévue pour { $approvers }.
reason-next-manager = Un approbateur { $excluded ->
    [cannot_approve] ne peut pas approuver
    [separation_of_duties] ne peut pas décider de cette note (séparation des tâches)
    [other_step] décide à une autre étape
   *[limit] a un plafond d’approbation inférieur au total
} ; le responsable du niveau supérieur décide donc.
reason-fallback = Aucun autre approbateur n’est possible ; les approbateurs de secours décident donc.
reason-other-admins = Une personne concernée par cette note a suspendu un approbateur ; les autres administrateurs décident donc.
reason-reassigned = Un administrateur a réattribué l’étape.
reason-escalated-overdue = L’étape était en retard ; d’autres décident donc.
reason-escalated-unreachable = Les messages envoyés à un approbateur reviennent ; d’autres décident donc.
reason-escalated-unable = Un approbateur ne peut plus décider ; d’autres décident donc.

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
escalated-unable = { $count ->
    [0] Les approbateurs ne peuvent plus décider.
    [one] { $names } ne peut plus décider.
   *[other] { $names } ne peuvent plus décider.
}

passed-subject = Transmise : { $title }, { $total }
passed-label = Transmise
passed-headline = Une note de frais n’attend plus votre décision
passed-overdue = La décision n’a pas été prise à temps ; elle est donc demandée à d’autres. Vous n’avez rien à faire.
passed-unreachable = Les messages envoyés à votre adresse reviennent ; la décision est donc demandée à d’autres. Vous n’avez rien à faire pour cette note ; veuillez toutefois signaler le problème d’adresse à votre administrateur.
passed-unable = Vous ne pouvez plus décider ; la décision est donc demandée à d’autres. Vous n’avez rien à faire.

## Décisions

approved-subject = Approuvée : { $title }, { $total }
approved-label = Approuvée
approved-headline = Votre note de frais est approuvée
approved-intro = { $by } l’a approuvée. Vous n’avez rien à faire.
approved-repay-intro = { $by } l’a approuvée, mais pas tout ce qui a été payé avec la carte de l’entreprise. Veuillez rembourser le montant ci-dessous.
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
paid-other-intro = La somme de { $amount } a été versée à { $payee } le { $date }. Vous n’avez rien à faire.
payment-reports = { $count } notes de frais

set-off-subject = Compensée : { $title }, { $amount }
set-off-label = Compensée
set-off-headline = Vos frais ont été compensés
set-off-intro = La somme qui vous revient a été compensée le { $date } avec celle que vous devez restituer. Rien n’a été versé. Vous n’avez rien à faire.

unpaid-subject = Échec du paiement : { $title }, { $amount }
unpaid-label = Échec du paiement
unpaid-headline = Vos frais n’ont pas pu être remboursés
unpaid-intro = La somme de { $amount } n’a pas pu vous être versée. Veuillez vérifier votre compte de remboursement dans Outlay et prévenir votre service financier.
unpaid-other-intro = La somme de { $amount } n’a pas pu être versée à { $payee }. Votre service financier en est informé. Vous n’avez rien à faire.
unpaid-reason = Motif

payee-unpaid-subject = Échec du paiement : { $name }, { $amount }
payee-unpaid-headline = Un paiement à { $name } a échoué
payee-unpaid-intro = { $count ->
    [one] { $count } note de frais est de nouveau approuvée et peut être payée par un autre lot. Veuillez d’abord vérifier le compte avec la personne concernée.
   *[other] { $count } notes de frais sont de nouveau approuvées et peuvent être payées par un autre lot. Veuillez d’abord vérifier le compte avec la personne concernée.
}

batch-label = Libération
batch-headline = { $count ->
    [one] { $count } paiement attend sa libération
   *[other] { $count } paiements attendent leur libération
}
batch-intro = { $count ->
    [one] { $by } a préparé un lot de { $count } note de frais. Veuillez le vérifier dans Outlay et le libérer.
   *[other] { $by } a préparé un lot de { $count } notes de frais. Veuillez le vérifier dans Outlay et le libérer.
}
batch-held = { $count ->
    [one] { $count } paiement, car le compte a changé. Veuillez vérifier le compte avant la libération.
   *[other] { $count } paiements, car les comptes ont changé. Veuillez vérifier les comptes avant la libération.
}

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

## Comments

commented-subject = Commentaire : { $title } ({ $author })
commented-label = Commentaire
commented-headline = { $count ->
    [one] Un nouveau commentaire sur une note de frais
   *[other] { $count } nouveaux commentaires sur une note de frais
}
commented-intro = Vous pouvez répondre dans Outlay par un commentaire sur la note de frais.
commented-heading = Commentaire de { $by }
commented-heading-some = Commentaires

## Closing

label-closed-by = Fermée par
closed-subject = { $organisation } a été fermée sur Outlay
closed-label = Fermeture
closed-intro = { $by } a fermé l’organisation. Ses notes de frais, justificatifs et historiques restent lisibles ; plus rien ne peut être modifié.

## Notes au nom d’un autre membre

prepared-subject = En votre nom : { $title }, { $total }
prepared-label = En votre nom
prepared-headline = { $by } a saisi une note de frais en votre nom
prepared-intro = Elle présente des dépenses comme les vôtres. Si ce ne sont pas les vôtres, supprimez la note dans Outlay et prévenez votre administrateur.
prepared-headline-submitted = { $by } a soumis une note de frais en votre nom
prepared-intro-submitted = Elle présente des dépenses comme les vôtres et attend maintenant ses approbateurs. Si ce ne sont pas les vôtres, reprenez la note dans Outlay et prévenez votre administrateur.

## Délégation

delegation-label = Délégation
delegation-subject = Vous décidez pour { $name }
delegation-intro = Vous pouvez décider des notes de frais dans Outlay en remplacement de { $name }, du { $from } au { $until }. Si vous ne le souhaitez pas, mettez fin à la délégation dans Outlay.
delegated-subject = { $name } décide pour vous
delegated-intro = { $name } peut décider des notes de frais dans Outlay à votre place, du { $from } au { $until }. Vous pouvez toujours décider vous-même. Si vous ne le souhaitez pas, mettez fin à la délégation dans Outlay.
delegation-ended-subject = Vous ne décidez plus pour { $name }
delegation-ended-intro = La délégation a pris fin. Vous n’avez rien à faire.
delegated-ended-subject = { $name } ne décide plus pour vous
delegated-ended-intro = La délégation a pris fin. Ce qui vous attend attend votre propre décision.

## Membres, pour les administrateurs

authority-label = Membres
authority-subject = Rôle, responsable ou plafond modifié : { $name }
authority-new-subject = Nouveau membre doté de droits étendus : { $name }
authority-intro = { $by } a modifié ce qui détermine qui approuve les notes de frais. Veuillez vérifier si vous ne vous y attendiez pas.
authority-new-intro = { $by } a ajouté un membre doté des droits de ce rôle. Veuillez vérifier si vous ne vous y attendiez pas.
changed-value = { $old } → { $new }
no-value = aucun
no-limit = illimité
