/** Where NestJS stores what its own decorators say. It does not export these names from the packages' entries. */

/** On a method: the HTTP method of its route. */
export const METHOD_METADATA = 'method';
/** On a method: the headers that `@Header()` sets, and whether it sends events. */
export const HEADERS_METADATA = '__headers__';
export const SSE_METADATA = '__sse__';
/** On a method: its interceptors, and its exception filters, of which the last one is asked first. */
export const INTERCEPTORS_METADATA = '__interceptors__';
export const FILTERS_METADATA = '__exceptionFilters__';
/** On a class, by the method's name: its decorated parameters, and whether `@Res()` leaves the answer to NestJS. */
export const ARGUMENTS_METADATA = '__routeArguments__';
export const PASSTHROUGH_METADATA = '__responsePassthrough__';
