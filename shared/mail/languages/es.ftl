### Lo que dicen los mensajes en español. Trato de usted; «informe» es la forma corta de «informe de gastos».

## Todos los mensajes

greeting = Hola:
greeting-name = Hola, { $name }:
footer = Enviado por Outlay a { $address }. Este mensaje se ha redactado automáticamente.
colon = :
former-member = Un antiguo miembro
moment = { $moment } UTC

## Rótulos

label-report = Informe de gastos
label-total = Total
label-to-approve = Por aprobar
label-reimbursed = A reembolsar
label-base-total = En la moneda base
label-company-card = Pagado con tarjeta de empresa
label-not-reimbursed = No reembolsado
label-repayable = A devolver
label-number = Número
label-owner = Titular
label-preparer = Introducido por
label-payee = Se paga a
label-expenses = Gastos
label-step = Paso
label-due = Fecha límite
label-for = Decide en lugar de
label-why = Por qué
label-because = Motivo de la reasignación
label-asked = Decide ahora
label-amount = Importe
label-paid-on = Pagado el
label-set-off = Compensado
label-covers = En conjunto por
label-execution-date = Fecha de pago
label-held = Retenido
label-member = Miembro
label-address = Dirección
label-changed = Cambio
label-organisation = Organización
label-inviter = Invitación de
label-role = Su función
label-changed-by = Cambiado por
label-delegator = En lugar de
label-delegate = Suplente
label-first-day = Primer día
label-last-day = Último día
label-ceiling = Hasta
label-member-role = Función
label-manager = Responsable
label-approval-limit = Límite de aprobación

## Un informe de gastos

line-by-company-card = { $category }, tarjeta de empresa
violations-heading = { $count ->
    [one] { $count } incumplimiento de la política
   *[other] { $count } incumplimientos de la política
}
violations-more = Y { $count } más; todos constan en Outlay.
lines-heading = { $count ->
    [one] { $count } gasto
   *[other] { $count } gastos
}
lines-heading-some = { $count ->
    [one] { $shown } de { $count } gasto
   *[other] { $shown } de { $count } gastos
}
granted = concedido { $amount }

## Incumplimientos de la política

named-expense = { $amount } en { $merchant }
named-expense-converted = { $amount } ({ $base_amount }) en { $merchant }
excess-together = { $count ->
    [one] { $count } gasto, { $actual }
   *[other] { $count } gastos, { $actual } en total
}
excess-elsewhere = { $actual }, de los cuales { $claimed_elsewhere } en otros informes
limit-paid-personally = pagado personalmente
limit-paid-by-company-card = pagado con tarjeta de empresa
limit-grade = nivel { $grade }
consequence-justification-needed = Hace falta una justificación.
consequence-excess-not-reimbursed = El exceso no se reembolsa.

finding-unknown-category = La política no incluye la categoría { $category }.
finding-inactive-category = La categoría { $category_name } no está en vigor el { $date }.
finding-unknown-cost-centre = La política no incluye el centro de coste { $cost_centre }.
finding-unknown-project = La política no incluye el proyecto { $project }.
finding-required-field = { $expense }: para la categoría { $category_name } hay que indicar { $field ->
    [attendees] los asistentes
    [project] el proyecto
    [cost_centre] el centro de coste
    [trip] el viaje
   *[justification] una justificación
}.
finding-expense-limit = { $expenses }: por encima del límite de { $limit } por gasto{ $scope }.
finding-day-limit = { $expenses }: por encima del límite de { $limit } por día{ $scope }, el { $date }.
finding-month-limit = { $expenses }: por encima del límite de { $limit } por mes{ $scope }, en { $month }.
finding-report-limit = { $expenses }: por encima del límite de { $limit } por informe{ $scope }.
finding-trip-limit = { $expenses }: por encima del límite de { $limit } por viaje{ $scope }, en el viaje { $trip }.
finding-splitting = { $count } gastos en { $merchant } el { $date }, { $actual } en total: por encima del límite de { $limit } por gasto{ $scope }.
finding-splitting-without-receipt = { $count } gastos en { $merchant } el { $date }, { $actual } en total: sin justificante; es obligatorio a partir de { $receipt_required_from }.
finding-splitting-over-reports = { $count } gastos en { $merchant } el { $date }, { $actual } en total, algunos en { $claimed_in }: con ellos el informe suma { $total_with_parts } y se aprueba por ese importe.
finding-receipt-required = { $expense }: sin justificante; es obligatorio a partir de { $receipt_required_from }.
finding-maximum-age = { $expense }: tiene { $days ->
    [one] { $days } día
   *[other] { $days } días
}; la política permite { $maximum_days }.
finding-non-working-day = { $expense } el { $date }: { $day ->
    [holiday] un día festivo
   *[weekend] un fin de semana
}.
finding-duplicate = { $expense } el { $date }: figura { $count } veces en este informe.
finding-duplicate-elsewhere = { $expense } el { $date }: ya figura en { $claimed_in }.
finding-receipt-pending = { $expense }: el justificante { $receipt }{ $more ->
    [0] {""}
   *[other] {" "}(y { $more } más)
} aún no se ha subido o comprobado.
finding-receipt-refused = { $expense }: el justificante { $receipt }{ $more ->
    [0] {""}
   *[other] {" "}(y { $more } más)
} se ha rechazado. { $reason ->
    [empty] El archivo está vacío.
    [other_size] El tamaño del archivo no es el declarado.
    [other_bytes] El archivo no es aquel cuyo SHA-256 se declaró.
    [unknown_type] El archivo no es PDF, JPEG, PNG, HEIC ni WebP.
    [other_type] El tipo del archivo no es el declarado.
    [damaged] El archivo está dañado o incompleto. Guárdelo, escanéelo o fotografíelo de nuevo.
    [too_large] El archivo tiene demasiados píxeles, páginas o partes. Imprímalo en un PDF nuevo o fotografíelo.
    [active] El archivo contiene un script, un programa u otro archivo. Imprímalo en un PDF nuevo.
    [locked] El archivo no se abre sin contraseña. Imprímalo en un PDF nuevo sin contraseña.
   *[harmful] Se sabe que el archivo es dañino.
}
finding-duplicate-receipt = { $expense }: el justificante { $receipt }{ $more ->
    [0] {""}
   *[other] {" "}(y { $more } más)
} figura también en otro informe.
finding-duplicate-receipt-here = { $expense }: el justificante { $receipt }{ $more ->
    [0] {""}
   *[other] {" "}(y { $more } más)
} figura también en otro gasto de este informe.
finding-refund = { $expense }: la devolución supera los { $refundable } que se pueden devolver.
finding-rate-age = { $expense }: convertido al tipo del { $rate_date }, { $days ->
    [one] { $days } día
   *[other] { $days } días
} antes; la política permite { $maximum_days }.

## Razones de un paso

approvers-one = { $approvers ->
    [manager] el superior del titular
    [manager_of_level] el superior de nivel { $level } del titular
    [cost_centre_owner] un responsable de sus centros de coste
    [project_owner] un responsable de sus proyectos
    [finance] un miembro con la función «finanzas»
    [admin] un miembro con la función «administrador»
   *[members] un miembro designado en el flujo de aprobación
}
approvers-many = { $approvers ->
    [manager] el superior del titular
    [manager_of_level] el superior de nivel { $level } del titular
    [cost_centre_owner] los responsables de sus centros de coste
    [project_owner] los responsables de sus proyectos
    [finance] los miembros con la función «finanzas»
    [admin] los miembros con la función «administrador»
   *[members] los miembros designados en el flujo de aprobación
}
reason-total-reaches = El total de { $total } alcanza { $from_total }.
reason-total-below = El total de { $total } es inferior a { $below_total }.
reason-category = Un gasto pertenece a la categoría { $category_name }.
reason-cost-centre = Un gasto pertenece al centro de coste { $cost_centre }.
reason-project = Un gasto pertenece al proyecto { $project }.
reason-grade = El titular tiene el nivel { $grade }.
reason-currency = Un gasto se pagó en { $currency }.
reason-violations-found = Hay incumplimientos de la política.
reason-no-violations = No hay incumplimientos de la política.
reason-every-report = Este paso se aplica a todos los informes.
reason-no-step-applies = Ningún paso del flujo de aprobación se aplica a este informe.
reason-decided-by = Decide { $approvers }.
reason-decided-by-all = Deben estar de acuerdo todos: { $approvers }.
reason-decided-by-quorum = Deben estar de acuerdo { $of }: { $approvers }.
reason-assigned-to = El paso está previsto para { $approvers }.
reason-next-manager = Un aprobador { $excluded ->
    [cannot_approve] no puede aprobar
    [separation_of_duties] no puede decidir sobre este informe (separación de funciones)
    [other_step] decide en otro paso
   *[limit] tiene un límite de aprobación inferior al total
}, por lo que decide el superior siguiente.
reason-fallback = No hay otro aprobador posible, por lo que deciden los aprobadores de reserva.
reason-other-admins = Una persona con interés en este informe ha suspendido a un aprobador, por lo que deciden los demás administradores.
reason-reassigned = Un administrador ha reasignado el paso.
reason-escalated-overdue = El paso estaba fuera de plazo, por lo que deciden otras personas.
reason-escalated-unreachable = Los mensajes a un aprobador no llegan a su destino, por lo que deciden otras personas.
reason-escalated-unable = Un aprobador ya no puede decidir, por lo que deciden otras personas.

## Quién ha decidido

by-instead = { $name } (en lugar de { $away })
by-policy = La política para informes de menos de { $below }

## Aprobación

approval-subject = Para aprobar: { $title }, { $total } ({ $owner })
approval-label = Aprobación pendiente
approval-headline = { $owner } solicita su aprobación
approval-preheader = { $summary }, fecha límite: { $due }
approval-intro = Apruebe, devuelva o rechace el informe de gastos { $number } en Outlay, por favor.
approval-intro-due = Apruebe, devuelva o rechace el informe de gastos { $number } en Outlay a más tardar el { $due }, por favor.
away = { $name }, por ausencia

escalated-headline = Le llega un informe de gastos de { $owner }
escalated-overdue = { $count ->
    [0] No se decidió a tiempo.
    [one] { $names } no decidió a tiempo.
   *[other] { $names } no decidieron a tiempo.
}
escalated-unreachable = { $count ->
    [0] Los mensajes a quienes debían aprobarlo no llegan a su destino.
   *[other] Los mensajes a { $names } no llegan a su destino.
}
escalated-unable = { $count ->
    [0] Quienes debían aprobarlo ya no pueden decidir.
    [one] { $names } ya no puede decidir.
   *[other] { $names } ya no pueden decidir.
}

passed-subject = Trasladado: { $title }, { $total }
passed-label = Trasladado
passed-headline = Un informe de gastos ya no espera su decisión
passed-overdue = No se decidió a tiempo, por lo que se pregunta a otras personas. No tiene que hacer nada.
passed-unreachable = Los mensajes a su dirección no llegan a su destino, por lo que se pregunta a otras personas. No tiene que hacer nada con este informe, pero avise a su administrador del problema con su dirección.
passed-unable = Usted ya no puede decidir, por lo que se pregunta a otras personas. No tiene que hacer nada.

## Decisiones

approved-subject = Aprobado: { $title }, { $total }
approved-label = Aprobado
approved-headline = Su informe de gastos está aprobado
approved-intro = { $by } lo ha aprobado. No tiene que hacer nada.
approved-repay-intro = { $by } lo ha aprobado, pero no todo lo pagado con la tarjeta de la empresa. Devuelva el importe indicado abajo.
approved-policy = La política aprueba por sí sola los informes de menos de { $below }. No tiene que hacer nada.
approved-comment = Comentario de { $by }

returned-subject = Devuelto: { $title }, { $total }
returned-label = Devuelto
returned-headline = Debe corregir su informe de gastos
returned-intro = { $by } se lo ha devuelto. Corrija lo que se pide a continuación y vuelva a presentarlo en Outlay, por favor.

rejected-subject = Rechazado: { $title }, { $total }
rejected-label = Rechazado
rejected-headline = Su informe de gastos ha sido rechazado
rejected-intro = { $by } lo ha rechazado. La decisión es definitiva: no se pagará y no se puede volver a presentar.

reason-from = Motivo indicado por { $by }

## Pago

paid-subject = Pagado: { $title }, { $amount }
paid-label = Pagado
paid-headline = Sus gastos se han reembolsado
paid-intro = El { $date } se le pagaron { $amount }. No tiene que hacer nada.
paid-other-intro = El { $date } se pagaron { $amount } a { $payee }. No tiene que hacer nada.
payment-reports = { $count } informes

set-off-subject = Compensado: { $title }, { $amount }
set-off-label = Compensado
set-off-headline = Sus gastos se han compensado
set-off-intro = Lo que se le reembolsa se compensó el { $date } con lo que tiene que devolver. No se ha pagado nada. No tiene que hacer nada.

unpaid-subject = Pago fallido: { $title }, { $amount }
unpaid-label = Pago fallido
unpaid-headline = No se han podido reembolsar sus gastos
unpaid-intro = No se han podido pagar { $amount }. Compruebe su cuenta de reembolso en Outlay y avise a su departamento financiero, por favor.
unpaid-other-intro = No se han podido pagar { $amount } a { $payee }. Su departamento financiero lo sabe. No tiene que hacer nada.
unpaid-reason = Motivo

payee-unpaid-subject = Pago fallido: { $name }, { $amount }
payee-unpaid-headline = Ha fallado un pago a { $name }
payee-unpaid-intro = { $count ->
    [one] { $count } informe vuelve a estar aprobado y puede pagarse con otro lote. Compruebe antes la cuenta con la persona, por favor.
   *[other] { $count } informes vuelven a estar aprobados y pueden pagarse con otro lote. Compruebe antes la cuenta con la persona, por favor.
}

batch-label = Autorización
batch-headline = { $count ->
    [one] { $count } pago espera autorización
   *[other] { $count } pagos esperan autorización
}
batch-intro = { $count ->
    [one] { $by } ha preparado un lote de { $count } informe. Compruébelo en Outlay y autorícelo, por favor.
   *[other] { $by } ha preparado un lote de { $count } informes. Compruébelo en Outlay y autorícelo, por favor.
}
batch-held = { $count ->
    [one] { $count } pago, porque la cuenta ha cambiado. Compruebe la cuenta antes de autorizarlo, por favor.
   *[other] { $count } pagos, porque las cuentas han cambiado. Compruebe las cuentas antes de autorizarlos, por favor.
}

## Recordatorio

reminder-subject = { $count ->
    [one] { $count } informe de gastos espera su decisión
   *[other] { $count } informes de gastos esperan su decisión
}
reminder-label = Recordatorio
reminder-intro = { $count ->
    [one] Apruébelo, devuélvalo o rechácelo hoy en Outlay, por favor.
   *[other] Apruébelos, devuélvalos o rechácelos hoy en Outlay, por favor.
}
reminder-overdue = { $overdue ->
    [one] { $overdue } está fuera de plazo.
   *[other] { $overdue } están fuera de plazo.
}
reminder-heading = { $count ->
    [one] { $count } informe de gastos
   *[other] { $count } informes de gastos
}
reminder-heading-some = { $count ->
    [one] { $shown } de { $count } informe de gastos
   *[other] { $shown } de { $count } informes de gastos
}
task-overdue = Fuera de plazo desde el { $due }
task-due = Fecha límite: { $due }

## Direcciones

bounced-subject = Los mensajes a { $name } no llegan a su destino
bounced-label = Dirección
bounced-intro = Ya no se envía nada a esta dirección, y las decisiones que esperaban a { $name } se piden a otras personas. Cuando los mensajes vuelvan a llegar, quite la marca de este miembro en Outlay, por favor.
complained-subject = { $name } no desea recibir mensajes
complained-intro = { $name } ha marcado los mensajes de Outlay como no deseados. Ya no se le envían recordatorios. Pregunte si fue intencionado, por favor; si no lo fue, quite la marca de este miembro en Outlay.

## Cuentas

account-subject = Su cuenta de reembolso ha cambiado
account-label = Cuenta de reembolso
account-preheader = Si no ha sido usted, avise a su administrador
account-intro = La cuenta en la que se reembolsan sus gastos ha cambiado en Outlay. Si ha sido usted, no tiene que hacer nada. Si no ha sido usted, avise de inmediato a su administrador.

invited-subject = Invitación a { $organisation } en Outlay
invited-label = Invitación
invited-headline = Tiene una invitación a { $organisation }
invited-preheader = { $inviter } le invita a Outlay
invited-intro = { $inviter } le invita a Outlay, donde { $organisation } presenta, aprueba y paga los informes de gastos. Para unirse, inicie sesión con { $address }. Si no esperaba esta invitación, puede ignorarla.
role-employee = empleado
role-finance = finanzas
role-admin = administrador
role-auditor = auditor

## Comments

commented-subject = Comentario: { $title } ({ $author })
commented-label = Comentario
commented-headline = { $count ->
    [one] Un comentario nuevo sobre un informe de gastos
   *[other] { $count } comentarios nuevos sobre un informe de gastos
}
commented-intro = Puede responder en Outlay con un comentario sobre el informe.
commented-heading = Comentario de { $by }
commented-heading-some = Comentarios

## Closing

label-closed-by = Cerrada por
closed-subject = { $organisation } se ha cerrado en Outlay
closed-label = Cierre
closed-intro = { $by } ha cerrado la organización. Los informes, justificantes e historiales se pueden seguir consultando; ya no se puede cambiar nada.

## Informes en nombre de otro miembro

prepared-subject = En su nombre: { $title }, { $total }
prepared-label = En su nombre
prepared-headline = { $by } ha introducido un informe de gastos en su nombre
prepared-intro = Presenta gastos como suyos. Si no lo son, elimine el informe en Outlay y avise a su administrador.
prepared-headline-submitted = { $by } ha presentado un informe de gastos en su nombre
prepared-intro-submitted = Presenta gastos como suyos y ya está con quienes lo aprueban. Si no son suyos, retire el informe en Outlay y avise a su administrador.

## Delegación

delegation-label = Delegación
delegation-subject = Usted decide en lugar de { $name }
delegation-intro = Puede decidir sobre informes de gastos en Outlay en lugar de { $name }, del { $from } al { $until }. Si no lo desea, ponga fin a la delegación en Outlay.
delegated-subject = { $name } decide en su lugar
delegated-intro = { $name } puede decidir sobre informes de gastos en Outlay en su lugar, del { $from } al { $until }. Usted también puede seguir decidiendo. Si no lo desea, ponga fin a la delegación en Outlay.
delegation-ended-subject = Usted ya no decide en lugar de { $name }
delegation-ended-intro = La delegación ha terminado. No tiene que hacer nada.
delegated-ended-subject = { $name } ya no decide en su lugar
delegated-ended-intro = La delegación ha terminado. Lo que le espera, espera su propia decisión.

## Miembros, para administradores

authority-label = Miembros
authority-subject = Función, responsable o límite cambiado: { $name }
authority-new-subject = Nuevo miembro con más derechos: { $name }
authority-intro = { $by } ha cambiado lo que determina quién aprueba los informes de gastos. Compruébelo si no lo esperaba, por favor.
authority-new-intro = { $by } ha añadido un miembro con los derechos de esta función. Compruébelo si no lo esperaba, por favor.
changed-value = { $old } → { $new }
no-value = ninguno
no-limit = ilimitado
