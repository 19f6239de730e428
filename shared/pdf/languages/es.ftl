### Messages of the PDF in Spanish. See en.ftl.

## Cada página

pdf-report = Informe de gastos
pdf-page = Página { $page } de { $pages }
pdf-state-at = Estado a { $moment }

## Resumen

pdf-summary = Resumen
pdf-owner = Gastos de
pdf-preparer = Introducido por
pdf-payee = Pago a
pdf-period = Período
pdf-range = { $from } – { $until }
pdf-trips = { $count ->
    [one] Viaje
   *[other] Viajes
}
pdf-cost-centre = Centro de coste
pdf-submitted = Enviado
pdf-policy = Política
pdf-policy-version = Versión { $version }
pdf-identifier = Identificador
pdf-status = Estado
pdf-status-value = { $status ->
    [draft] Borrador
    [submitted] Enviado
    [approved] Aprobado
    [returned] Devuelto
   *[rejected] Rechazado
}
pdf-total = Total
pdf-net = Neto
pdf-tax = Impuestos
pdf-granted = Concedido
pdf-to-reimburse = A reembolsar
pdf-paid-by-owner = Pagado personalmente
pdf-paid-by-card = Pagado con tarjeta de empresa
pdf-not-reimbursed = No reembolsado
pdf-repayable = A devolver
pdf-base-total = En la moneda base

## Líneas

pdf-lines = Gastos
pdf-column-line = N.º
pdf-column-date = Fecha
pdf-column-merchant = Comercio
pdf-column-amount = Importe pagado
pdf-column-converted = En { $currency }
pdf-column-tax = Impuestos incluidos
pdf-column-receipt = Recibo
pdf-rate = a { $rate }
pdf-percent = { $rate } %
pdf-mark-personal = reembolsable
pdf-mark-card = tarjeta de empresa
pdf-cost-centre-value = Centro de coste { $name }
pdf-project-value = Proyecto { $name }
pdf-trip-value = Viaje { $name }
pdf-purpose = Motivo: { $text }
pdf-justification = Justificación: { $text }
pdf-attendees = Asistentes: { $names }
pdf-receipt-reference = Recibo guardado en: { $text }
pdf-granted-by-approver = Concedido: { $granted } de { $amount }, por { $name }: { $reason }
pdf-granted-by-cap = Concedido: { $granted } de { $amount }, por un límite de la política
pdf-finding = Observación: { $text }
pdf-no-lines = El informe no tiene gastos.

## Observaciones

pdf-findings = Observaciones de la política
pdf-no-findings = La política no encontró nada.
pdf-on-lines = { $count ->
    [one] Gasto { $lines }
   *[other] Gastos { $lines }
}

## Decisiones

pdf-decisions = Decisiones
pdf-no-decisions = Aún no hay decisiones.
pdf-column-when = Hora (UTC)
pdf-column-who = Quién
pdf-column-what = Qué
pdf-column-comment = Comentario
pdf-automatic = Outlay
pdf-on-behalf = por { $name }
pdf-at-step = { $step }. { $name }
pdf-event-submitted = Enviado
pdf-event-auto-approved = Aprobado automáticamente, por debajo de { $below }
pdf-event-agreed = De acuerdo
pdf-event-step-approved = Paso aprobado
pdf-event-approved = Informe aprobado
pdf-event-returned = Devuelto
pdf-event-rejected = Rechazado
pdf-event-recalled = Retirado
pdf-event-reassigned = Reasignado: de { $from } a { $to }
pdf-event-escalated = { $reason ->
    [overdue] Escalado, con retraso: de { $from } a { $to }
    [unreachable] Escalado, correo rechazado: de { $from } a { $to }
   *[unable] Escalado, no puede decidir: de { $from } a { $to }
}
pdf-event-commented = Comentario
pdf-event-pending = Decisión pendiente
pdf-event-waiting = Espera el paso anterior
pdf-open = abierto

## Recibos

pdf-file-page = página { $page } de { $pages }
pdf-bytes = { $bytes } bytes
pdf-attachment = Adjunto
pdf-attached-heic = Las imágenes HEIC no se pueden mostrar aquí. El archivo está adjunto a este PDF.
pdf-attached-picture = La imagen no se puede mostrar. El archivo está adjunto a este PDF.
pdf-attached-pdf = Las páginas de este PDF no se pueden mostrar. El archivo está adjunto a este PDF.
pdf-attached-too = Los campos de formulario o las anotaciones de este PDF no se muestran. El archivo está adjunto a este PDF.
pdf-missing-pending = El archivo aún no se ha subido o comprobado.
pdf-missing-refused = El archivo fue rechazado en la comprobación y eliminado.
pdf-missing-gone = No se encontró el archivo.
