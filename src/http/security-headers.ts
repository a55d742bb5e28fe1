import helmet, { type HelmetOptions } from 'helmet';

/** For answers that are not pages: if a browser shows one as a page, nothing in it loads or runs. */
const NOTHING = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] };

/** Only resources of this service, no inline code, not in a frame. */
export const CONSOLE_POLICY = policy({
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'"],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'require-trusted-types-for': ["'script'"],
});

/**
 * Hashes of the inline styles of Swagger's page. If another version changes them, the browser reports the right hashes, and
 * the test of the page fails until they are here.
 */
const SWAGGER_STYLES = [
  // The two style sheets in the page itself.
  "'sha256-/jDKvbQ8cdux+c5epDIqkjHbXDaIY8RucT1PmAe8FG4='",
  "'sha256-eaPyLWVdqMc60xuz5bTp2yBRgVpQSoUggte1+40ONPU='",
  // The style that its script adds.
  "'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='",
  // The attribute that hides its icons; hashes apply to attributes only with `unsafe-hashes`.
  "'unsafe-hashes'",
  "'sha256-ezdv1bOGcoOD7FKudKN0Y2Mb763O6qVtM8LT2mtanIU='",
];

/** As strict as Swagger's page allows: it has inline styles, and icons in its style sheet. */
export const DOCS_POLICY = policy({
  'script-src': ["'self'"],
  'style-src': ["'self'", ...SWAGGER_STYLES],
  'img-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
});

function policy(directives: Readonly<Record<string, string[]>>): string {
  return Object.entries({ ...NOTHING, ...directives })
    .map(([name, values]) => [name, ...values].join(' '))
    .join('; ');
}

/** Headers of every answer; pages replace the policy by one that allows their own resources. */
export function securityHeaders() {
  const options: HelmetOptions = {
    contentSecurityPolicy: { useDefaults: false, directives: NOTHING },
    frameguard: { action: 'deny' },
    // The operator of the TLS proxy in front of the service decides whether its name is TLS only.
    hsts: false,
  };
  return helmet(options);
}
