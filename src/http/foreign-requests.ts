import { isIP, isIPv6 } from 'node:net';

// What listens on this machine only is reached from the internet all the same, by way of a browser on this machine: a page
// of any origin can send requests, and a name of its owner's can be pointed at 127.0.0.1 (DNS rebinding), after which
// the page may read the answers, too. The browser gives both away, in `Origin` and `Host`.
//
// The sandbox uses this file as well, so it imports nothing of the service.

/**
 * Whether a request was sent to a name that a stranger may own. That takes a dot: an IP address, `localhost` and a name of
 * this network without a dot, such as a container's, are in nobody's DNS, and `.internal` is kept free for private use.
 *
 * @param own one more name that is meant
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

/** Undefined where it is neither an address nor a name, with a port or without. */
function nameIn(header: string): string | undefined {
  const address = /^\[([0-9a-f:.]+)\](:\d{1,5})?$/.exec(header)?.[1];
  if (address !== undefined) return isIPv6(address) ? address : undefined;
  return /^([\w-]+(?:\.[\w-]+)*)(:\d{1,5})?$/.exec(header)?.[1];
}
