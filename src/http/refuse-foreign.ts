import type { NextFunction, Request, Response } from 'express';
import type { Environment } from '../config/environment';
import { answerError } from './answer-error';
import { isForeignHost, isForeignOrigin } from './foreign-requests';

/** Orchestrators and scrapers use any name of this service for these paths, and the paths change nothing. */
const PROBES = /^\/(health\/|metrics$)/;

const HOST_ADVICE =
  'this Host is not answered while the development endpoints are on, because another party may own the name: use an IP ' +
  'address, localhost or a name without a dot, or set HOST to the name';
const ORIGIN_ADVICE =
  'a page of another origin may not use the development endpoints: send the request from a page of this service, or ' +
  'without Origin';

/** The development endpoints publish payments and replay dead letters without a login, so foreign web pages are refused. */
export function refuseForeign({ host: own }: Environment) {
  return ({ path, headers: { host, origin } }: Request, response: Response, next: NextFunction): void => {
    if (!PROBES.test(path) && isForeignHost(host, own)) answerError(response, 403, HOST_ADVICE);
    else if (origin !== undefined && isForeignOrigin(origin, host)) answerError(response, 403, ORIGIN_ADVICE);
    else next();
  };
}
