import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { isPlanwardenError, type Log, PlanwardenError } from '@planwarden/contracts';
import type { Request, Response } from 'express';
import { statusOf } from './status.js';

/** Turns every error into one shape: code, message, where, remedy. What we did not expect is logged and named INTERNAL. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const known = this.asOurs(error, host.switchToHttp().getRequest<Request>());
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.status(statusOf(known.code)).json(known.toBody());
  }

  private asOurs(error: unknown, request: Request): PlanwardenError {
    if (isPlanwardenError(error)) return error;
    const status = error instanceof HttpException ? error.getStatus() : bodyParserStatus(error);
    if (status === 404) {
      return new PlanwardenError('ROUTE_UNKNOWN', 'there is no such route', { remedy: 'See /api/v1/openapi.json.' });
    }
    if (status === 413) {
      return new PlanwardenError('BODY_TOO_LARGE', 'the body is over the limit of 1 MiB', { remedy: 'Send less.' });
    }
    if (status === 400 && !isReadable(request.path)) {
      return new PlanwardenError('INPUT_INVALID', 'the path is not readable: its % signs do not encode UTF-8', {
        where: { field: 'path' },
        remedy: 'Encode each part of the path with encodeURIComponent.',
      });
    }
    if (status >= 400 && status < 500) {
      return new PlanwardenError('INPUT_INVALID', 'the body is not readable as JSON', {
        where: { field: 'body' },
        remedy: 'Send one JSON object in UTF-8 with content-type application/json.',
      });
    }
    this.log.error({ err: error }, 'a request failed in a way we did not expect');
    return new PlanwardenError('INTERNAL', 'something went wrong on our side', {
      remedy: 'Try again; if it stays, look into the log of the orchestrator.',
    });
  }
}

function isReadable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** express.json() throws errors of http-errors, which carry a status. */
function bodyParserStatus(error: unknown): number {
  return typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number'
    ? error.status
    : 500;
}
