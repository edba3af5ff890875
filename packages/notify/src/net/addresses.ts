import ipaddr from 'ipaddr.js'

/** An address in numbers, or null. Only the plain form of IPv4 counts: `0x7f.1` and `2130706433` are names of nothing here. */
function parse(address: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return ipaddr.IPv4.parse(address)
  if (address.includes(':') && !address.includes('%') && ipaddr.IPv6.isValid(address))
    return ipaddr.IPv6.parse(address)
  return null
}

/** Whether it is an IP address in its plain form, not a name. */
export function isAddress(host: string): boolean {
  return parse(host) !== null
}

/** What the IPv6 internet is made of so far (IANA, IPv6 Global Unicast Address Assignments). */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

/** Documentation (RFC 9637) and the segment routing prefix (RFC 9602), which the library does not know. */
const otherReserved = [ipaddr.IPv6.parseCIDR('3fff::/20'), ipaddr.IPv6.parseCIDR('5f00::/16')]

/** Addresses in public ranges that answer from inside of a cloud: Azure's host agent. The others are link-local or unique local. */
const inside = new Set(['168.63.129.16'])

/**
 * Whether an address is one of the public internet. Refused is every range that the IANA special-purpose registries (RFC 6890) name:
 * unspecified, loopback, private, link-local (with the metadata service of most clouds), CGNAT (RFC 6598), multicast, broadcast,
 * reserved, documentation, benchmarking, unique local (with AWS's fd00:ec2::254); and every form of IPv6 that carries an IPv4
 * address: mapped, compatible, translated (RFC 6052, 6145, 8215), 6to4, Teredo and ISATAP.
 */
export function isPublic(address: string): boolean {
  const parsed = parse(address)
  if (parsed === null || parsed.range() !== 'unicast' || inside.has(parsed.toString())) return false
  if (parsed instanceof ipaddr.IPv4) return true
  const [, , , , fifth, sixth] = parsed.parts
  const isatap = sixth === 0x5efe && (fifth === 0 || fifth === 0x0200)
  return parsed.match(globalUnicast) && !isatap && !otherReserved.some((range) => parsed.match(range))
}

/** What an operator allows: names, `*.` before a name for all below it, addresses, or ranges as `10.1.0.0/16`. */
export interface Allowed {
  readonly hosts: ReadonlySet<string>
  readonly suffixes: readonly string[]
  readonly ranges: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][]
}

/**
 * Reads the entries of an allow-list.
 * @throws RangeError that names the entry that is none
 */
export function parseAllowed(entries: readonly string[]): Allowed {
  const hosts = new Set<string>()
  const suffixes: string[] = []
  const ranges: [ipaddr.IPv4 | ipaddr.IPv6, number][] = []
  for (const entry of entries) {
    const text = entry
      .trim()
      .toLowerCase()
      .replace(/^\[(.*)\]$/, '$1')
    const address = parse(text)
    if (address !== null) ranges.push([address, address.kind() === 'ipv4' ? 32 : 128])
    else if (text.includes('/') && ipaddr.isValidCIDR(text)) ranges.push(ipaddr.parseCIDR(text))
    else if (/^\*(\.[a-z0-9_-]+)+$/.test(text)) suffixes.push(text.slice(1))
    else if (/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(text)) hosts.add(text)
    else throw new RangeError(`"${entry}" is no host name, address or range`)
  }
  return { hosts, suffixes, ranges }
}

/** Whether the operator allows this host, by its name. */
export function allowsHost(allowed: Allowed, host: string): boolean {
  return allowed.hosts.has(host) || allowed.suffixes.some((suffix) => host.endsWith(suffix))
}

/** Whether the operator allows this address. */
export function allowsAddress(allowed: Allowed, address: string): boolean {
  const parsed = parse(address)
  if (parsed === null) return false
  return allowed.ranges.some(([range, bits]) => parsed.kind() === range.kind() && parsed.match(range, bits))
}
