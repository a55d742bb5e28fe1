import helmet, { type HelmetOptions } from 'helmet';

/** Of what is no page: should a browser show it as one all the same, nothing in it loads or runs. */
const NOTHING = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] };

/** Only what this service itself serves, no inline code, in nobody's frame. */
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
 * What Swagger's page has of inline styles. When another version changes them, a browser names the hashes that are right,
 * and the test that looks at the page fails until they are here.
 */
const SWAGGER_STYLES = [
  // The two style sheets in the page itself.
  "'sha256-/jDKvbQ8cdux+c5epDIqkjHbXDaIY8RucT1PmAe8FG4='",
  "'sha256-eaPyLWVdqMc60xuz5bTp2yBRgVpQSoUggte1+40ONPU='",
  // The one that its script adds.
  "'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='",
  // The attribute that hides its icons; without `unsafe-hashes` no hash holds for an attribute.
  "'unsafe-hashes'",
  "'sha256-ezdv1bOGcoOD7FKudKN0Y2Mb763O6qVtM8LT2mtanIU='",
];

/** As strict as Swagger's page can do with: it has styles of its own, and icons in its style sheet. */
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

/** What every answer carries; pages replace the policy by one that lets them work. */
export function securityHeaders() {
  const options: HelmetOptions = {
    contentSecurityPolicy: { useDefaults: false, directives: NOTHING },
    frameguard: { action: 'deny' },
    // Whoever puts TLS in front of the service decides whether its name is to be asked by TLS only.
    hsts: false,
  };
  return helmet(options);
}
