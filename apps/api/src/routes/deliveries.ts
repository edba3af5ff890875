import {
  Delivery,
  DeliveryList,
  deliveryStates,
  EventList,
  noticeKinds,
  oneOf,
  ref,
  StreamName,
  Uuid,
} from '@basedrift/contract'
import Type from 'typebox'
import { DeliveryPath, pageQuery, writeHeaders } from '../params.js'
import { ProblemError } from '../problem.js'
import { problems } from '../responses.js'
import type { App, AppDependencies } from '../types.js'
import { deliveryView, eventView } from '../views/channel.js'

/** What was announced, what of it went where, and what came of that. */
export function deliveryRoutes(app: App, { ledger, ring }: AppDependencies): void {
  app.get(
    '/v1/events',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listEvents',
        tags: ['channels'],
        summary: 'What was announced, the latest first',
        querystring: Type.Object(
          {
            stream: Type.Optional(StreamName),
            kind: Type.Optional(oneOf(noticeKinds, 'Only events of this kind')),
            ...pageQuery,
          },
          { additionalProperties: false },
        ),
        response: { 200: ref(EventList), ...problems('cursor-invalid') },
      },
    },
    async (request) => {
      const { stream, kind, cursor, limit = 100 } = request.query
      const globs = request.principal.streams ?? undefined
      const { items, next } = await ledger.notices.events({ stream, kind, globs, cursor, limit })
      return { items: items.map(eventView), next }
    },
  )

  app.get(
    '/v1/deliveries',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listDeliveries',
        tags: ['channels'],
        summary: 'What went where, the latest first, with what came of it',
        querystring: Type.Object(
          {
            channel: Type.Optional({ ...Uuid, description: 'Only to the channel with this id' }),
            state: Type.Optional(oneOf(deliveryStates, 'Only in this state')),
            ...pageQuery,
          },
          { additionalProperties: false },
        ),
        response: { 200: ref(DeliveryList), ...problems('cursor-invalid') },
      },
    },
    async (request) => {
      const { channel, state, cursor, limit = 100 } = request.query
      const globs = request.principal.streams ?? undefined
      const { items, next } = await ledger.deliveries.list({ channel, state, globs, cursor, limit })
      return { items: items.map(deliveryView), next }
    },
  )

  app.get(
    '/v1/deliveries/:id',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getDelivery',
        tags: ['channels'],
        summary: 'One delivery, with what came of it',
        params: DeliveryPath,
        response: { 200: ref(Delivery), ...problems('delivery-unknown') },
      },
    },
    async (request) => {
      const delivery = await ledger.deliveries.get(request.params.id)
      if (delivery === null) throw new ProblemError('delivery-unknown')
      for (const { stream } of delivery.events) if (stream !== null) request.permit(stream)
      return deliveryView(delivery)
    },
  )

  app.post(
    '/v1/deliveries/:id/redeliver',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'redeliver',
        tags: ['channels'],
        summary: 'Send a delivery again, under the same id',
        description: 'One that has ended goes to the end of its channel’s line; one that waits is due now.',
        params: DeliveryPath,
        headers: Type.Object(writeHeaders),
        response: {
          202: ref(Delivery),
          ...problems('origin-refused', 'delivery-unknown', 'channel-disabled'),
        },
      },
    },
    async (request, reply) => {
      const delivery = await ledger.deliveries.redeliver(request.params.id)
      ring?.()
      return reply.code(202).send(deliveryView(delivery))
    },
  )
}
