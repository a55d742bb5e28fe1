import { isIP, isIPv6 } from 'node:net';

// A server that listens on this machine only can still be reached from the internet, through a browser on this machine: a
// page of any origin can send requests, and its owner can point a DNS name at 127.0.0.1 (DNS rebinding), so that the page
// can also read the answers. The browser shows both, in `Origin` and `Host`.
//
// The sandbox also uses this file, so it imports nothing from the service.

/**
 * Whether a request was sent to a name that another party may own. Such a name has a dot: an IP address, `localhost` and a
 * name without a dot, such as a container's, are not in public DNS, and `.internal` is reserved for private use.
 *
 * @param own one more accepted name
 */
export function isForeignHost(header: string | undefined, own: string): boolean {
  const name = nameIn(header?.toLowerCase() ?? '');
  if (name === undefined) return true;
  const isPrivate = !name.includes('.') || /\.(localhost|internal)$/.test(name);
  return !isPrivate && isIP(name) === 0 && name !== own.toLowerCase();
}

/** Whether a request was sent by a page of another origin than the one it was sent to. */
export function isForeignOrigin(origin: string, host: string | undefined): boolean {
  // The host of `file://` is empty.
  return !host || !URL.canParse(origin) || new URL(origin).host !== host.toLowerCase();
}

/** Undefined if it is not an address or a name, with or without a port. */
function nameIn(header: string): string | undefined {
  const address = /^\[([0-9a-f:.]+)\](:\d{1,5})?$/.exec(header)?.[1];
  if (address !== undefined) return isIPv6(address) ? address : undefined;
  return /^([\w-]+(?:\.[\w-]+)*)(:\d{1,5})?$/.exec(header)?.[1];
}
