import { PlanwardenError } from '@planwarden/contracts';
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import type { App } from '../app.js';
import { statusOf } from './status.js';

/** Largest delivery that is read, in bytes. GitHub may send more: such a bell is lost, and the poll finds what it was about. */
export const MOST_WEBHOOK_BYTES = 1024 * 1024;
const SIGNATURE = /^sha256=[0-9a-f]{64}$/;

/**
 * Reads the bytes of a delivery as they were sent, before anything parses them. What cannot be signed by GitHub at all
 * is refused without reading it.
 */
export function webhookBody({ metrics }: Pick<App, 'metrics'>): RequestHandler[] {
  const isSigned = (request: Request, response: Response, next: NextFunction): void => {
    if (SIGNATURE.test(String(request.headers['x-hub-signature-256'] ?? ''))) {
      next();
      return;
    }
    metrics.webhookCame('refused');
    const error = signatureInvalid();
    response.status(statusOf(error.code)).json(error.toBody());
  };
  return [isSigned, express.raw({ limit: MOST_WEBHOOK_BYTES, inflate: false, type: () => true })];
}

export function signatureInvalid(): PlanwardenError {
  return new PlanwardenError('SIGNATURE_INVALID', 'the signature does not match the body', {
    where: { field: 'x-hub-signature-256' },
    remedy: 'Use the same secret in the webhook and here.',
  });
}
