import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse } from '@nestjs/swagger';
import { ApiError } from '../../http/api-answers';

/** Documents `POST /webhooks/stripe`. */
export const ApiWebhook = () =>
  applyDecorators(
    ApiHeader({
      name: 'Stripe-Signature',
      required: true,
      description: 'Over the bytes of the body, at most 300 s old.',
      schema: { type: 'string' },
      example: 't=1764432331,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd',
    }),
    ApiBody({
      schema: { type: 'object', additionalProperties: true },
      examples: {
        succeeded: {
          summary: 'a payment has succeeded',
          value: {
            id: 'evt_1',
            type: 'payment_intent.succeeded',
            data: { object: { id: 'pi_1', object: 'payment_intent', status: 'succeeded', metadata: {} } },
          },
        },
      },
    }),
    ApiOkResponse({
      schema: { type: 'object', properties: { received: { type: 'boolean' } }, required: ['received'] },
      description: 'What it says is stored, or it says nothing that concerns this service.',
      example: { received: true },
    }),
    ApiError({
      status: 400,
      description: 'The signature is wrong or old. Nothing was stored.',
      message: 'the signature is not one of STRIPE_WEBHOOK_SECRET over this body, or is older than 300 s',
    }),
    ApiError({
      status: 413,
      description: 'The body is too large.',
      message: 'the body is larger than 256 kB',
    }),
    ApiError({
      status: 503,
      description: 'It could not be stored; the gateway delivers it again.',
      message: "not stored, deliver it again: the ledger did not confirm 'end': timeout",
    }),
  );
