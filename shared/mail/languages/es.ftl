### Lo que dicen los mensajes en español. Trato de usted; «informe» es la forma corta de «informe de gastos».

## Todos los mensajes

greeting = Hola:
greeting-name = Hola, { $name }:
footer = Enviado por Outlay a { $address }. Este mensaje se ha redactado automáticamente.
colon = :
nobody = Un antiguo miembro
moment = { $moment } UTC

## Rótulos

label-report = Informe de gastos
label-total = Total
label-number = Número
label-owner = Titular
label-expenses = Gastos
label-step = Paso
label-due = Fecha límite
label-for = Decide en lugar de
label-why = Por qué
label-because = Motivo de la reasignación
label-asked = Decide ahora
label-amount = Importe
label-paid-on = Pagado el
label-member = Miembro
label-address = Dirección
label-changed = Cambio
label-organisation = Organización
label-inviter = Invitación de
label-role = Su función

## Un informe de gastos

base-total = { $amount } en la moneda base
not-reimbursed = de los cuales { $amount } no se reembolsan
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

passed-subject = Trasladado: { $title }, { $total }
passed-label = Trasladado
passed-headline = Un informe de gastos ya no espera su decisión
passed-overdue = No se decidió a tiempo, por lo que se pregunta a otras personas. No tiene que hacer nada.
passed-unreachable = Los mensajes a su dirección no llegan a su destino, por lo que se pregunta a otras personas. No tiene que hacer nada con este informe, pero avise a su administrador del problema con su dirección.

## Decisiones

approved-subject = Aprobado: { $title }, { $total }
approved-label = Aprobado
approved-headline = Su informe de gastos está aprobado
approved-intro = { $by } lo ha aprobado. No tiene que hacer nada.
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

unpaid-subject = Pago fallido: { $title }, { $amount }
unpaid-label = Pago fallido
unpaid-headline = No se han podido reembolsar sus gastos
unpaid-intro = No se han podido pagar { $amount }. Compruebe su cuenta de reembolso en Outlay y avise a su departamento financiero, por favor.
unpaid-reason = Motivo

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
